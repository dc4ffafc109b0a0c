import Testing

@testable import distill

@Suite struct ChatInputTests {
    @Test(arguments: [
        ("Hello there", ChatInput.message("Hello there")), ("  Hi ", .message("Hi ")), ("", .nothing),
        (" \t", .nothing),
        ("/reset", .reset), ("/quit", .quit), ("/exit", .quit), ("/help", .help),
        (" /system  Be brief. ", .system("Be brief. ")),
        ("/system", .system(nil)), ("/systems x", .unknown("/systems")), ("/", .unknown("/")),
    ])
    func linesAreRead(line: String, input: ChatInput) {
        #expect(ChatInput(line) == input)
    }
}
