import CoveClient
import Foundation
import TestSupport
import Testing

@testable import CoveCommands

@Suite struct ContextTests {
    @Test func `contexts are kept for their owner only`() throws {
        let directory = try TemporaryDirectory()
        let store = ContextStore(path: directory.path + "/below/config.json")
        #expect(try store.load() == ContextList())
        try store.change {
            $0.current = "here"
            $0.contexts["here"] = ServerContext(server: "https://here", username: "admin", password: "secret")
        }
        #expect(try store.load().contexts["here"]?.password == "secret")
        let mode = try FileManager.default.attributesOfItem(atPath: store.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `two who change the file at once both have their change in it`() async throws {
        let directory = try TemporaryDirectory()
        let store = ContextStore(path: directory.path + "/config.json")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try store.change { $0.contexts["\(number)"] = ServerContext(server: "https://\(number)", username: "u", password: "p") }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.load().contexts.count == 20)
    }

    @Test func `the file is where the environment says`() {
        #expect(ContextStore(environment: ["COVE_CONFIG": "/a/b.json"]).path == "/a/b.json")
        #expect(ContextStore(environment: ["XDG_CONFIG_HOME": "/x", "HOME": "/h"]).path == "/x/cove/config.json")
        #expect(ContextStore(environment: ["HOME": "/h"]).path == "/h/.config/cove/config.json")
    }

    @Test func `a file that is none is not overwritten`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/config.json"
        try "nothing".write(toFile: path, atomically: true, encoding: .utf8)
        let store = ContextStore(path: path)
        #expect(throws: ContextStore.Failure.self) { try store.change { $0.current = "x" } }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "nothing")
    }

    @Test func `Docker gets the login of a context and what it has stored itself`() async throws {
        let directory = try TemporaryDirectory()
        let store = ContextStore(path: directory.path + "/config.json")
        try store.change {
            $0.current = "here"
            $0.contexts["here"] = ServerContext(server: "https://here:5000", username: "admin", password: "secret")
        }
        let docker = DockerCredentials(store)
        #expect(try await docker.run("get", input: "here:5000\n").contains("\"Secret\":\"secret\""))
        #expect(try await docker.run("list", input: "") == "{\"here:5000\":\"admin\"}")
        _ = try await docker.run("store", input: "{\"ServerURL\":\"https://there/v1/\",\"Username\":\"u\",\"Secret\":\"s\"}")
        #expect(try await docker.run("get", input: "there").contains("\"Username\":\"u\""))
        _ = try await docker.run("erase", input: "there")
        await #expect(throws: DockerCredentials.Refusal.self) { try await docker.run("get", input: "there") }
        await #expect(throws: DockerCredentials.Refusal.self) { try await docker.run("store", input: "nothing") }
    }

    @Test func `a host on this machine may speak HTTP`() throws {
        #expect(try ServerAddress.candidates("localhost:8080").map(\.description) == ["https://localhost:8080", "http://localhost:8080"])
        #expect(try ServerAddress.candidates("registry.example.org/").map(\.description) == ["https://registry.example.org"])
        #expect(try ServerAddress.candidates("http://h:1/api/v2.0").map(\.description) == ["http://h:1"])
        #expect(throws: HarborError.self) { try ServerAddress.candidates("https://user:secret@host") }
    }
}
