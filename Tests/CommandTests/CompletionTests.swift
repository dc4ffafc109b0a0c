import Foundation
import TestSupport
import Testing

/// Completion scripts, and the description of the command that the man page is generated from.
@Suite struct CompletionTests {
    @Test(arguments: ["bash", "zsh", "fish"]) func completionScriptsNameEverySubcommand(shell: String) throws
    {
        let run = try CommandRun.distill("--generate-completion-script", shell)
        #expect(run.status == 0 && run.standardError.isEmpty)
        for command in EveryCommandTests.all {
            #expect(run.standardOutput.contains(command.last!), "\(command)")
        }
    }

    @Test func bashCompletesSubcommandsAndOptions() throws {
        let script = """
            source <('\(CommandRun.distill.path)' --generate-completion-script bash)
            complete_line() {
                COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
                COMP_TYPE=9; COMP_KEY=9; COMPREPLY=()
                "$(complete -p distill | sed 's/.*-F \\([^ ]*\\).*/\\1/')" distill "${@: -1}" "${@: -2:1}"
                echo "${COMPREPLY[@]}"
            }
            complete_line distill pru
            complete_line distill tokenizer tr
            complete_line distill run --dry
            """
        let run = try CommandRun.run(URL(filePath: "/bin/bash"), arguments: ["-c", script])
        let lines = run.standardOutput.split(separator: "\n").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        #expect(lines == ["prune", "train trim", "--dry-run"], "\(run.standardOutput) \(run.standardError)")
    }

    @Test func theCommandDescribesItselfForTheManPage() throws {
        let command = try #require(
            try CommandRun.distill("--experimental-dump-help").json()["command"] as? [String: Any])
        func names(_ command: [String: Any]) -> Int {
            let subcommands = command["subcommands"] as? [[String: Any]] ?? []
            return 1 + subcommands.map(names).reduce(0, +)
        }
        #expect(command["commandName"] as? String == "distill")
        #expect(names(command) > EveryCommandTests.all.count)
    }
}
