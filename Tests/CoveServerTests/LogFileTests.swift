import Foundation
import TestSupport
import Testing

@testable import CoveServer

@Suite("Log files")
struct LogFileTests {
    @Test("after a rotation, lines go to the file that has the name")
    func rotation() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("cove.log")
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        defer { close(descriptor) }
        let sink = LogSink(descriptor: descriptor)
        func write(_ text: String) {
            sink.write(Array("\(text)\n".utf8))
        }
        write("one")
        #expect(sink.reopen() == nil)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        write("two")
        #if os(Linux)
            #expect(sink.reopen() == .reopened(path: path))
            write("three")
            sink.flush()
            #expect(try String(contentsOfFile: path + ".1", encoding: .utf8) == "one\ntwo\n")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "three\n")
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(sink.reopen() == .failed(path: path, reason: "Is a directory"))
        #endif
    }

    @Test("a pipe is nothing to open again")
    func pipe() {
        let pipe = Pipe()
        #expect(LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor).reopen() == nil)
    }
}
