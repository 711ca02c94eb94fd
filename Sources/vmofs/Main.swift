internal import Glibc

/// The program; a type and not top-level code, which would be bound to the main actor.
@main
enum Main {
    static func main() {
        exit(runCommandLine(CommandLine.arguments))
    }
}
