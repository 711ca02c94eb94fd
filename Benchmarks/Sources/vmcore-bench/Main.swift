import Foundation

/// Measures VMCore by itself: what a dirty query costs for each range, a write for each page, and
/// how much memory the page table takes; `mount-scripts/bench --help` explains it.
@main
struct Main {
    static func main() {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            let results = try CoreBench(options: options).run()
            print(options.printsJSON ? try results.json() : results.table())
        } catch {
            report("vmcore-bench: \(error)")
            exit(error is Options.UsageError ? 64 : 1)
        }
    }

    /// Progress goes to standard error; standard output is the results alone.
    static func report(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
