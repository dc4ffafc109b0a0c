import Checkpoints
import Foundation
import Support
import TestSupport
import Testing

/// Damaged files: each is refused with a message that says what is wrong.
@Suite struct SafetensorsFaultTests {
    struct Fault: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var file: Data
        var message: String

        init(_ message: String, header: String, data: Int = 0) {
            self.init(message, safetensorsBytes(header, data: Array(repeating: 0, count: data)))
        }

        init(_ message: String, _ file: Data) {
            testDescription = message
            self.file = file
            self.message = message
        }
    }

    private static func entry(_ fields: String) -> String { #"{"t":{\#(fields)}}"# }

    static let faults: [Fault] = [
        Fault("only 0 bytes long", Data()),
        Fault("only 7 bytes long", Data(repeating: 0, count: 7)),
        Fault("the header does not begin with \"{\"", safetensorsBytes("")),
        Fault(
            "a header of 1152921504606846976 bytes is claimed", safetensorsBytes("{}", claimedLength: 1 << 60)
        ),
        Fault("a header of 18446744073709551615 bytes", safetensorsBytes("{}", claimedLength: .max)),
        Fault("a header of 3 bytes is claimed in a file of 10", safetensorsBytes("{}", claimedLength: 3)),
        Fault("does not begin with \"{\"", header: " {}"),
        Fault("does not begin with \"{\"", header: "[]"),
        Fault("not valid UTF-8 at byte 3", Data([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0xFF])),
        Fault("\"\"\" is expected at byte 2", header: "{1:2}"),
        Fault("\":\" is expected", header: #"{"a"}"#),
        Fault("\"}\" is expected", header: #"{"__metadata__":{}"#),
        Fault("a string does not end", header: #"{"a"#),
        Fault("a string does not end", header: #"{"a\"#),
        Fault("a string does not end", header: #"{"\u00"#),
        Fault("a control character", header: "{\"a\nb\":1}"),
        Fault("an unknown escape", header: #"{"\x":1}"#),
        Fault("four hexadecimal digits", header: #"{"\u00zz":1}"#),
        Fault("half a surrogate pair", header: #"{"\ud83dx":1}"#),
        Fault("half a surrogate pair", header: #"{"\udc00":1}"#),
        Fault("the JSON ends, but more follows", header: "{}{}"),
        Fault("the key \"a\" is given twice", header: #"{"__metadata__":{"a":"1","a":"2"}}"#),
        Fault("\"\"\" is expected", header: #"{"__metadata__":{"a":1}}"#),
        Fault("\"{\" is expected", header: #"{"t":[[[[[[[[]]]]]]]]}"#),
        Fault("\"{\" is expected", header: #"{"t":"# + String(repeating: "[", count: 100_000)),
        Fault("unknown key \"strides\"", header: entry(#""strides":[1]"#)),
        Fault("lacks dtype, shape or data_offsets", header: entry(#""dtype":"F32","shape":[]"#)),
        Fault("given twice", header: entry(#""dtype":"F32","dtype":"F32""#)),
        Fault(
            "unknown dtype \"F31\"", header: entry(#""dtype":"F31","shape":[],"data_offsets":[0,4]"#), data: 4
        ),
        Fault(
            "2^63 - 1 is expected, not -1", header: entry(#""dtype":"F32","shape":[-1],"data_offsets":[0,4]"#)
        ),
        Fault("is expected, not 1.0", header: entry(#""dtype":"F32","shape":[1.0],"data_offsets":[0,4]"#)),
        Fault("is expected, not 1e3", header: entry(#""dtype":"F32","shape":[1e3],"data_offsets":[0,4]"#)),
        Fault("is expected, not 01", header: entry(#""dtype":"F32","shape":[01],"data_offsets":[0,4]"#)),
        Fault("is expected, not 9223372036854775808", header: entry(#""shape":[9223372036854775808]"#)),
        Fault("a whole number from 0", header: entry(#""shape":["1"]"#)),
        Fault("a whole number from 0", header: entry(#""shape":[1,]"#)),
        Fault("a whole number from 0", header: entry(#""shape":[null]"#)),
        Fault("\"]\" is expected", header: entry(#""shape":[1 2]"#)),
        Fault(
            "data_offsets [4, 0]", header: entry(#""dtype":"F32","shape":[1],"data_offsets":[4,0]"#), data: 4),
        Fault("data_offsets [0]", header: entry(#""dtype":"F32","shape":[1],"data_offsets":[0]"#), data: 4),
        Fault(
            "data_offsets [0, 4], outside the 3 bytes",
            header: entry(#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#), data: 3),
        Fault(
            "takes 4 bytes, but its data_offsets [0, 8] span 8",
            header: entry(#""dtype":"F32","shape":[1],"data_offsets":[0,8]"#), data: 8),
        Fault(
            "larger than any file",
            header: entry(#""dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]"#), data: 4),
        Fault(
            "larger than any file",
            header: entry(#""dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,4]"#), data: 4),
        Fault("no whole bytes", header: entry(#""dtype":"F4","shape":[3],"data_offsets":[0,2]"#), data: 2),
        Fault("1 bytes at the end belong to no tensor", header: "{}", data: 1),
        Fault(
            "tensor \"b\" follows a hole",
            header: #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
                + #""b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#, data: 3),
        Fault(
            "tensor \"b\" overlaps",
            header: #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
                + #""b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, data: 3),
        Fault(
            "tensor \"t\" follows a hole", header: entry(#""dtype":"U8","shape":[1],"data_offsets":[1,2]"#),
            data: 2),
        Fault(
            "the key \"a\" is given twice",
            header: #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
                + #""a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#),
    ]

    @Test(arguments: faults)
    func isRefused(_ fault: Fault) throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.safetensors")
            try fault.file.write(to: url)
            let error = try userError { _ = try SafetensorsFile(contentsOf: url) }
            #expect(error.problem.contains(fault.message))
            #expect(error.file == url.path)
            #expect(error.status == .dataFormat)
        }
    }

    @Test func aMissingFileAndADirectoryAreInputErrors() throws {
        try withTemporaryDirectory { directory in
            let none = directory.appending(path: "none")
            for url in [none, directory] {
                let error = try userError { _ = try SafetensorsFile(contentsOf: url) }
                #expect(error.status == .noInput)
                #expect(error.file == url.path)
            }
        }
    }

    /// A fault in the header must not be found at the price of the memory it claims.
    @Test func unusualButValidHeadersAreRead() throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.safetensors")
            let header =
                "{ \"\\ud83d\\ude00\\u00e9\\/\" :\n{\"data_offsets\":[0 , 2],\t\"shape\":[1,2],\"dtype\":\"U8\"} ,\r\n"
                + #""e":{"dtype":"F64","shape":[0,9223372036854775807],"data_offsets":[2,2]},"__metadata__":{}}    "#
            try safetensorsBytes(header, data: [1, 2]).write(to: url)
            let file = try SafetensorsFile(contentsOf: url)
            #expect(file.names == ["😀é/", "e"])
            #expect(try file.values("😀é/", as: UInt8.self) == [1, 2])
            #expect(try file.floats("e").count == 0)
            try safetensorsBytes("{}").write(to: url)
            #expect(try SafetensorsFile(contentsOf: url).names.isEmpty)
        }
    }
}
