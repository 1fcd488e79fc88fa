import ArgumentParser

struct CompletionCommand: AsyncParsableCommand {
    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print the completion script of a shell.",
        discussion: """
            bash:  cove completion bash > /etc/bash_completion.d/cove
            zsh:   cove completion zsh > "${fpath[1]}/_cove"
            fish:  cove completion fish > ~/.config/fish/completions/cove.fish
            """
    )

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() async throws {
        let shell: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        print(Cove.completionScript(for: shell))
    }
}
