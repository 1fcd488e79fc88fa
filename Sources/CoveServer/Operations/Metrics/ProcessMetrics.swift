import CLinux
import CoveTelemetry
import Foundation
import NIOPosix

/// The process, by the names that Prometheus's own clients use, and the build.
struct ProcessMetrics: MetricSource {
    private static let build = Metric.gauge("cove_build_info", ["version"], "Always 1; the version is in the label.")
    private static let cpu = Metric.counter("process_cpu_seconds_total", [], "Time of the processors that the process has used.")
    private static let resident = Metric.gauge("process_resident_memory_bytes", [], "Memory that the process has in use.")
    private static let virtual = Metric.gauge("process_virtual_memory_bytes", [], "Addresses that the process has taken.")
    private static let files = Metric.gauge("process_open_fds", [], "Files and sockets that the process has open.")
    private static let mostFiles = Metric.gauge("process_max_fds", [], "Most files and sockets that it may have open.")
    private static let start = Metric.gauge("process_start_time_seconds", [], "When the process began, in Unix time.")

    static let metrics = [build, cpu, resident, virtual, files, mostFiles, start]

    /// What the kernel tells; only Linux does.
    struct Reading: Sendable {
        /// Seconds.
        var cpu: Double
        /// Seconds of Unix time.
        var start: Double
        var virtual: Int
        var resident: Int
        var files: Int
        var mostFiles: Int
    }

    func write(to text: inout MetricText) async {
        text.write(Self.build) { $0.add([Version.current], 1) }
        guard let reading = try? await NIOThreadPool.singleton.runIfActive({ Self.read() }) else { return }
        text.write(Self.cpu, reading.cpu)
        text.write(Self.resident, reading.resident)
        text.write(Self.virtual, reading.virtual)
        text.write(Self.files, reading.files)
        text.write(Self.mostFiles, reading.mostFiles)
        text.write(Self.start, reading.start)
    }

    static func read() -> Reading? {
        // After the name, which may hold spaces: the state is the third field (proc(5)).
        guard let stat = contents("/proc/self/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        func field(_ number: Int) -> Int { number - 3 < fields.count ? Int(fields[number - 3]) ?? 0 : 0 }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        return Reading(
            cpu: Double(field(14) + field(15)) / ticks, start: booted + Double(field(22)) / ticks, virtual: field(23),
            resident: field(24) * Int(sysconf(Int32(_SC_PAGESIZE))), files: files,
            mostFiles: Int(clamping: cove_file_limit()))
    }

    /// When the machine was started, in Unix time. Worked out once, so that it does not waver.
    private static let booted: Double = {
        #if os(Linux)
            return Double(cove_wall_clock() - cove_time_since_boot()) / 1e9
        #else
            return 0
        #endif
    }()

    /// The first 4 KiB of a file whose size is not known before it is read.
    private static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Foundation.read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
