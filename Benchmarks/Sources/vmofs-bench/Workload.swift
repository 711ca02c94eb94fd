/// One thing that is measured: what it does to a directory, and what the result counts.
struct Workload {
    /// In what a result is expressed; more is always better.
    enum Unit: String {
        case megabytesPerSecond = "MB/s"
        case operationsPerSecond = "op/s"
    }

    /// What the caches must look like when the timed part starts.
    enum Caches {
        /// As the preparation left them, with everything written back.
        case warm
        /// Empty: file systems mounted anew, the kernel's caches dropped. Needs root.
        case cold
    }

    let name: String
    let unit: Unit
    var caches = Caches.warm
    /// Makes the files that the timed part needs; not timed.
    var prepare: (Bench.Sizes, String) throws -> Void = { _, _ in }
    /// Works in the directory and returns how many units of work were done in how many seconds.
    let run: (Bench.Sizes, String) throws -> Measurement

    /// Work done and the time that it took.
    struct Measurement {
        let work: Double
        let seconds: Double

        /// Bytes moved in a number of seconds, as megabytes (10^6).
        static func bytes(_ count: Int, in seconds: Double) -> Measurement {
            Measurement(work: Double(count) / 1e6, seconds: seconds)
        }

        /// Operations done in a number of seconds.
        static func operations(_ count: Int, in seconds: Double) -> Measurement {
            Measurement(work: Double(count), seconds: seconds)
        }

        var rate: Double { work / seconds }
    }
}
