r"""JSON texts and what becomes of them, by the production of RFC 8259 that they try.

Written for Ramekin; it covers the ground of the public corpus JSONTestSuite (MIT, https://github.com/nst/JSONTestSuite),
whose 318 texts were run against the same parser: all that must be refused are refused, all that must be taken are
taken but the two with a member twice, and each that is left open has one answer, given here.

The verdicts: `TAKEN` comes back with the same value; `REFUSED` is a 400; `TOO_LARGE` is a 422 (an integer beyond 64
bits). Values are tried alone, in an array and as a member; documents are tried as they are.
"""

TAKEN, REFUSED, TOO_LARGE = "taken", "refused", "too large"

NUMBERS = {
    TAKEN: [
        b"0", b"-0", b"1", b"-1", b"123", b"-123", b"0.5", b"-0.0000000000000000000000000001", b"1e1", b"1E22", b"1e-2",
        b"1E+2", b"0e1", b"0e+1", b"123.456e78", b"123e65", b"123.456789", b"4.9e-324", b"1.7976931348623157e308",
        b"123.456e-789", b"123e-10000000", b"1E-999", b"1.000000000000000005", b"9223372036854775807",
        b"-9223372036854775808", b"1000000000000000000",
    ],
    TOO_LARGE: [
        b"9223372036854775808", b"-9223372036854775809", b"100000000000000000000", b"-" + b"123" * 10, b"9" * 400, b"9" * 5000,
        b"10000000000000000999", b"18446744073709551616",
    ],
    REFUSED: [
        b"1e400", b"-1e+9999", b"1.5e+9999", b"0.4e00669999999999999999999", b"123123E100000", b"1" * 310 + b".0",
        b"+1", b"++1", b"-", b"--1", b"- 1", b"-01", b"01", b"012", b"00", b"-012", b"2 00", b".5", b"-.5", b".2e-3", b"2.",
        b"-2.", b"2.e3", b"2.e+3", b"2.e-3", b"0.e1", b"0.1.2", b"1.0.", b"0e", b"0E", b"0e+", b"0E+", b"1.0e", b"1.0e+",
        b"1.0e-", b"0.3e", b"0.3e+", b"9.e+", b"1eE2", b"1ea", b"1 000.0", b"1_000", b"1+2", b"0x1", b"0x42", b"-0x1", b"1a",
        b"-1x", b"1.2a-3", b"0.1e1a", b"-123.123foo", b"123\xe5", b"1e1\xe5", b"0\xe5", b"1e\xe5", "１".encode(), b"NaN",
        b"-NaN", b"nan", b"Inf", b"+Inf", b"Infinity", b"-Infinity", b"infinity", b"-foo", b"-true", b"1/2",
    ],
}  # fmt: skip

STRINGS = {
    TAKEN: [
        b'""', b'" "', b'"a"', b'"abc def"', b'"\x7f"', b'"a\x7fa"', b'"\\""', b'"\\\\"', b'"\\/"', b'"\\b\\f\\n\\r\\t"',
        b'"\\\\a"', b'"\\\\n"', b'"\\\\u0000"', b'"\\u0000"', b'"A\\u0000B"', b'"\\u0012"', b'"\\u000A"', b'"\\u0020"', b'"\\u00A0"',
        b'"\\u0022"', b'"\\u005C"', b'"\\u0061\\u30af\\u30EA\\u30b9"', b'"\\u0123"', b'"\\uffff"', b'"\\uFDD0"', b'"\\uFFFE"',
        b'"\\u200B"', b'"\\u2064"', b'"\\uD801\\udc37"', b'"\\ud83d\\ude39\\ud83d\\udc8d"', b'"\\uDBFF\\uDFFE"', b'"\\uD834\\uDd1e"',
        b'"\\uD83F\\uDFFE"', b'"a/*b*/c/*d//e"', b'"// no comment"', '"é"'.encode(), '"π"'.encode(), '"€𝄞"'.encode(),
        '"\u2028\u2029"'.encode(), '"\uffff"'.encode(), '"\U0010ffff"'.encode(), '"\U0001bfff"'.encode(), '"e\u0301é"'.encode(),
        '"\u200b"'.encode(), '"⍂㈴⍂"'.encode(), b'"' + b"x" * 5000 + b'"', b'"{[}],:"',
    ],
    REFUSED: [
        b'"', b'"a', b'a"', b"'a'", b"'", b"a", b'"\\"', b'"\\', b'"\\x00"', b'"\\a"', b'"\\ "', b'"\\\t"', b'"\\\x00"', b'"\\U0061"',
        b'"\\u"', b'"\\u0"', b'"\\u00A"', b'"\\u00g0"', b'"\\uqqqq"', b'"\\u\xe5"', b'"\\\xe5"', b'"\\\xf0\x9f\x8c\x80"', b'"\x00"', b'"\x1f"',
        b'"a\nb"', b'"a\tb"', b'"a\rb"', b'"\\ud800"', b'"\\uDADA"', b'"\\uDFAA"', b'"\\ud800abc"', b'"\\uD800\\n"', b'"\\uD800\\uD800"',
        b'"\\uD800\\uD800\\n"', b'"\\uDd1e\\uD834"', b'"\\uDd1ea"', b'"\\uD888\\u1234"', b'"\\uD800\\"', b'"\\uD800\\u"', b'"\\uD800\\u1"',
        b'"\\uD800\\u1x"', b'"\\uD834\\uDd"', b'"\xff"', b'"\xe9"', b'"\x81"', b'"\xe0\xff"', b'"\xc0\xaf"', b'"\xed\xa0\x80"',
        b'"\xed\xa0\x80\xed\xa0\x80"', b'"\xf4\xbf\xbf\xbf"', b'"\xfc\x80\x80\x80\x80\x80"', b'"\xfc\x83\xbf\xbf\xbf\xbf"',
        b'"\xe6\x97\xa5\xd1\x88\xfa"', b'\\u0020"a"', b'"a"x', b"\\n", "é".encode(), '“a”'.encode(),
    ],
}  # fmt: skip

LITERALS = {
    TAKEN: [b"true", b"false", b"null"],
    REFUSED: [b"tru", b"fals", b"nul", b"True", b"FALSE", b"Null", b"nulll", b"truefalse", b"undefined", b"<null>", b"\xc3\xa5", b"*", b"<.>"],
}  # fmt: skip

ARRAYS = {
    TAKEN: [
        b"[]", b"[[]]", b"[[],[]]", b"[ ]", b"[\n]", b'[""]', b"[null]", b"[1,2]", b"[ 1]", b"[1 ]", b"[1\n\t,\r2]", b"[null,1,\"1\",{}]",
        b"[1,null,null,null,2]", b"[" * 60 + b"]" * 60,
    ],
    REFUSED: [
        b"[", b"]", b"[1", b"[1,", b"[1,]", b"[1,,]", b"[1,,2]", b"[,1]", b"[,", b"[,]", b"[1 2]", b"[1 true]", b"[1;2]", b"[1:2]", b'["":1]',
        b"[]]", b"[1]]", b"[[1]", b"[3[4]]", b"[1],", b"[][]", b"[1]x", b"[1]1", b"[*]", b"[-]", b"[a\xe5]", b"[\xff]", b'["a",\n4\n,1,',
        b'["a', b'["asd]', b"[{", b"[{}", b"[{]", b"[\x0b]", b"[\x0c]", b'["a"\x0c]', b"[\\u000A\"\"]", b"[ false, nul", b"[1,\n1\n,1", b"['",
        b"[1]#", b"[\x00]", b"[" * 500 + b"]" * 500, b"[" * 100_000, b"[[]" * 1000,
    ],
}  # fmt: skip

OBJECTS = {
    TAKEN: [
        b"{}", b"{ }", b'{"a":1}', b'{"a":"b","c":"d"}', b'{"":0}', b'{"\\u0000":1}', b'{"a":[]}', b'{\n"a" :\t1 }', b'{"a":{"a":{"a":1}}}',
        b'{"min":-1.0e+28,"max":1.0e+28}', '{"é":1,"e\u0301":2}'.encode(), b'{"__proto__":1,"constructor":2}', b'{"a":' * 60 + b"1" + b"}" * 60,
        b'{"' + b"k" * 3000 + b'":"' + b"v" * 3000 + b'"}',
    ],
    REFUSED: [
        b"{", b"}", b"{]", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b'{"a":1,}', b'{"a":1,,}', b'{"a":1,,"b":2}', b'{,"a":1}', b'{"a":}', b'{"a" 1}',
        b'{"a","b"}', b'{"a"}', b'{"a"::1}', b'{"a":1:2}', b'{"a";1}', b"{:1}", b"{a:1}", b"{'a':1}", b"{1:1}", b"{9e999:1}", b"{null:1}",
        b"{null:null,null:null}", b"{[:1}", b'{["a"]:1}', b'{"a":"b" "c"}', b'{"a":"b', b'{"a', b'{"a":1}}', b'{"a":1}#', b'{"a":1}//', b'{"a":1}/',
        b'{"a":1}/**/', b'{"a":/*x*/1}', b'{"a":1}x', b'{"a":1}{}', b'{"a":1},', b'{"a":1]', b"{\xf0\x9f\x8e\x89:1}", b'{"\xb9":0,}', b'{"\\uDFAA":0}',
        b'{"a":1,"a":2}', b'{"a":1,"a":1}', b'{"a":{"b":1,"b":1}}', b'{"a":0,"\\u0061":0}', b'{"a":' * 500 + b"1" + b"}" * 500, b'{"":' * 100_000,
    ],
}  # fmt: skip

DOCUMENTS = {
    TAKEN: [b" 1", b"1\n", b"\t[]\r\n", b' {"a":1} ', b"\n\n{}\n\n", b'"asd"\n'],
    REFUSED: [
        b"", b" ", b"\n", b"\xef\xbb\xbf", b"\xef\xbb", b"\xef\xbb\xbf{}", b"\xef\xbb\xbf[1]", b"\xff\xfe[\x00]\x00", b"\xfe\xff\x00[\x00]",
        b"[\x00]\x00", b"\x00[\x00]", "[]".encode("utf-16"), "{}".encode("utf-32"), b"\x00", b"{}\x00", b"\xe5", b"\xa0{}", "\u2060[]".encode(),
        "\u00a0[]".encode(), "[]\u2060".encode(), b"\x0c[]", b"# c\n{}", b"// c\n{}", b"{} {}", b"1 2", b"[],[]", b",", b":", b"[} ", b"(1)",
    ],
}  # fmt: skip

VALUES = {
    verdict: [text for group in (NUMBERS, STRINGS, LITERALS, ARRAYS, OBJECTS) for text in group.get(verdict, [])]
    for verdict in (TAKEN, REFUSED, TOO_LARGE)
}
