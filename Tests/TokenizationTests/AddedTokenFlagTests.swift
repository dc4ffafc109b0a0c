import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenization

/// Added tokens about which `tokenizer.json` and `tokenizer_config.json` disagree. The ids are those of transformers 5.24.
@Suite struct AddedTokenFlagTests {
    /// The bytes and "<t>", which `added` may list.
    private func json(_ added: String) -> Data {
        var vocabulary = byteLevelAlphabet.enumerated().map { id, piece in
            piece == "\"" || piece == "\\" ? #""\\#(piece)":\#(id)"# : #""\#(piece)":\#(id)"#
        }
        vocabulary.append(#""<t>":256"#)
        return Data(
            """
            {"version":"1.0",\(added)"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
            "decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{\(vocabulary.joined(separator: ","))},"merges":[]}}
            """.utf8)
    }

    private let listed = #""added_tokens":[{"id":256,"content":"<t>","special":false,"normalized":false}],"#

    private func configuration(_ flags: String) throws -> TokenizerConfiguration {
        let text = #"{"added_tokens_decoder":{"256":{"content":"<t>"\#(flags)}}}"#
        var parser = JSONParser(Data(text.utf8), fileName: "tokenizer_config.json")
        guard case .object(let object) = try parser.document() else { return TokenizerConfiguration() }
        return TokenizerConfiguration(configuration: object)
    }

    private func ids(_ tokenizer: Tokenizer) -> [Int32] { tokenizer.encode("a <t> b") }

    /// The ids, which a copy of the `tokenizer.json` gives alone too.
    private func ids(_ added: String, _ flags: String) throws -> [Int32] {
        let tokenizer = try Tokenizer(
            tokenizerJSON: json(added), configuration: configuration(flags), name: "made")
        let copy = try Tokenizer(serializedModel: tokenizer.serializedModel, name: "copy")
        #expect(ids(copy) == ids(tokenizer) && copy.hasSameIDs(as: tokenizer))
        #expect(copy.kind(of: 256) == tokenizer.kind(of: 256))
        return ids(tokenizer)
    }

    private func id(_ character: Character) -> Int32 {
        Int32(byteLevelAlphabet.firstIndex(of: String(character))!)
    }

    @Test func flagsOfTheConfigurationAreUsed() throws {
        let (a, b, space) = (id("a"), id("b"), id("\u{120}"))
        #expect(try ids(listed, "") == [a, space, 256, space, b])
        #expect(try ids(listed, #","lstrip":true,"rstrip":true"#) == [a, 256, b])
        #expect(try ids(listed, #","rstrip":true"#) == [a, space, 256, b])
    }

    @Test func aTokenIsSpecialThatEitherFileCallsSo() throws {
        let text = [id("<"), id("t"), id(">")]
        let whole = [id("a"), id("\u{120}")] + text + [id("\u{120}"), id("b")]
        #expect(try ids(listed, #","special":true"#) == whole)
        let special = listed.replacing(#""special":false"#, with: #""special":true"#)
        #expect(try ids(special, "") == whole)
        #expect(try ids(special, #","lstrip":true"#) == whole)
    }

    /// A piece of the vocabulary that only the configuration calls an added token.
    @Test(arguments: ["", #""added_tokens":[],"#])
    func piecesBecomeAddedTokens(added: String) throws {
        #expect(try ids(added, "").contains(256))
        #expect(try ids(added, #","lstrip":true"#).prefix(2) == [id("a"), 256])
        #expect(try !ids(added, #","special":true"#).contains(256))
        let plain = try Tokenizer(tokenizerJSON: json(added), name: "made")
        #expect(!ids(plain).contains(256))
    }

    /// Where the files agree, and where only flags of a special token differ, the file is kept byte for byte.
    @Test func filesThatAgreeAreKept() throws {
        let special = listed.replacing(#""special":false"#, with: #""special":true"#)
        for (added, flags) in [
            (listed, #","normalized":false"#), (special, #","special":true,"normalized":true"#),
        ] {
            let data = json(added)
            let tokenizer = try Tokenizer(
                tokenizerJSON: data, configuration: configuration(flags), name: "made")
            #expect(tokenizer.serializedModel == data)
        }
    }

    /// A model that was not resized for its added tokens: a role that it cannot use is refused, others are left out.
    @Test func tokensBeyondTheTableHaveNoRole() throws {
        var roles = TokenizerConfiguration()
        roles.paddingToken = "<t>"
        func open() throws -> Tokenizer {
            try Tokenizer(tokenizerJSON: json(listed), configuration: roles, rows: 256, name: "made")
        }
        #expect(try open().paddingID == nil && open().vocabularySize == 256)
        roles.endToken = "<t>"
        let error = try #require(throws: UserError.self) { try open() }
        #expect(
            error.problem
                == #"the eos_token is "<t>", token 256, but the model's embedding table has 256 rows"#)
        roles.endToken = "<u>"
        let other = try #require(throws: UserError.self) { try open() }
        #expect(other.problem.contains("the vocabulary does not have"))
    }
}
