namespace Platform.Tests.Abuse;

/// <summary>What has hurt other programs.</summary>
internal static class HostileValues
{
    public static readonly string[] Texts =
    [
        "", " ", "\0", "a\0b", "\t\r\n", "'", "\"", "\\", "' OR '1'='1", "'; DROP TABLE contact_submissions; --", "1; select pg_sleep(30)",
        "*)(uid=*))(|(uid=*", "../../../../../../etc/hostname", "..\\..\\windows\\win.ini", "%2e%2e%2f", "%00", "%", "%zz", "%s%n%x", "$1", "{0}",
        "${jndi:ldap://127.0.0.1/a}", "{{7*7}}", "<script>alert(1)</script>", "</title><img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0",
        "a\r\nX-Injected: 1", "a\u2028b", "\u202Eabc", "\u200b\u200b", "\uFEFFa", "\u00e9e\u0301", "\U0001D54F\U0001F468\u200D\U0001F469",
        "\uFFFF\uFFFE", "I\u0307\u0130\u0131", "\u0645\u0646\u0627\u0631\u0629", "-1", "0", "00", "+1", " 1", "1e3", "1e999", "0x10", "1_000",
        "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "NaN", "Infinity", "true", "null", "[]",
        "{}", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59.9999999-14:00", "0001-01-01T00:00:00+14:00", "2026-02-30", "2026-01-01T25:00Z",
        "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "contact_", "contact_00000000000070008000000000000000",
        "&a=b", "a;b", "#", "?", "/", "//", ".", "..", "*", "~", ",,,,", "a,b,c", "() { :;};", "AAAA%n", new('a', 300), new('\u00fc', 2000),
        new('(', 1000), string.Concat(Enumerable.Repeat("a ", 500)), string.Concat(Enumerable.Repeat("e\u0301", 400)),
    ];

    /// <summary>Values of JSON, some of which are none. Bytes, as in <see cref="RawRequest"/>.</summary>
    public static readonly string[] JsonLiterals =
    [
        "null", "true", "false", "0", "-0", "-1", "1.5", "1e2", "1e999", "-1e999", "123456789012345678901234567890", "2147483648", "1E400", "01",
        "0x10", "+1", ".5", "NaN", "Infinity", "undefined", "'a'", "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\q\"",
        "\"\\u12\"", "\"a\nb\"", "\"\0\"", "\"\xff\xfe\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", "\"\xf4\x90\x80\x80\"", "\"unclosed", "[]", "{}",
        "[null]", "[1,\"a\",{}]", "{\"a\":{}}", "{\"\":0}", "{\"\\ud800\":0}", "{\"\xff\":0}", "{\"\\u0000\":\"\\u0000\"}", "{\"a\":1,\"a\":2}",
        "{\"$type\":\"System.Object\"}", "{\"__proto__\":{}}", Nested("[", "]", 60), Nested("[", "]", 5000), Nested("{\"a\":", "}", 60, "1"),
        Nested("{\"a\":", "}", 5000, "1"), $"\"{new string('x', 2000)}\"", $"\"{new string('x', 70_000)}\"", new string('9', 5000),
        $"[{string.Join(',', Enumerable.Repeat("\"a\"", 1000))}]",
    ];

    public static readonly (string Name, string Value)[] Headers =
    [
        ("Accept", "text/csv"), ("Accept", "text/html"), ("Accept", "*/*;q=NaN"), ("Accept", "text/csv;q=-1, application/json;q=1e9"), ("Accept", ",;=\""),
        ("Accept-Encoding", "br;q=0, gzip, identity;q=0, *;q=0"), ("Accept-Language", new string('a', 3000)), ("Accept-Charset", "utf-16"),
        ("Range", "bytes=0-"), ("Range", "bytes=-1"), ("Range", "bytes=5-1"), ("Range", "bytes=0-0,2-2,4-4,6-6,8-8"), ("Range", "bytes=99999999999999999999-"),
        ("Range", "bytes=a-b"), ("Range", "lines=1-2"), ("Range", "bytes=" + string.Join(',', Enumerable.Repeat("0-", 500))),
        ("If-None-Match", "*"), ("If-None-Match", "\"unclosed"), ("If-Match", "*"), ("If-Match", "W/\"a\", , \"b\""), ("If-Range", "\"a\""),
        ("If-Modified-Since", "Thu, 99 Nov 2026 00:00:00 GMT"), ("If-Modified-Since", "0"), ("If-Unmodified-Since", "Mon, 01 Jan 0001 00:00:00 GMT"),
        ("Idempotency-Key", ""), ("Idempotency-Key", "a b"), ("Idempotency-Key", "\xff"), ("Idempotency-Key", new string('k', 256)),
        ("Idempotency-Key", "'; DROP TABLE idempotency_keys; --"), ("Idempotency-Key", "one"), ("X-Correlation-ID", "\xe9\t%0d%0a"),
        ("X-Correlation-ID", new string('c', 5000)), ("traceparent", "00-00000000000000000000000000000000-0000000000000000-ff"),
        ("traceparent", "zz"), ("tracestate", new string('=', 2000)), ("baggage", new string('a', 4000) + "=b"), ("X-Forwarded-For", "1.2.3.4, ::1, x"),
        ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Prefix", "//evil.example"), ("Forwarded", "for=;;;=\""),
        ("X-HTTP-Method-Override", "DELETE"), ("X-Original-URL", "/admin/keys"), ("X-API-Key", ""), ("X-API-Key", "wrong"), ("X-API-Key", "\xff\xfe"),
        ("X-API-Key", new string('k', 6000)), ("Authorization", "Bearer a.b.c"), ("Authorization", "Basic %%%"), ("Cookie", "a=b; ;=; __Host-session=\xff"),
        ("Cookie", string.Concat(Enumerable.Repeat("a=b; ", 1000))), ("Origin", "null"), ("Origin", "https://evil.example"), ("Expect", "100-continue"),
        ("Expect", "200-maybe"), ("Upgrade", "websocket"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__"), ("TE", "trailers, deflate;q=0.5"),
        ("Trailer", "Content-Length"), ("Content-Encoding", "gzip"), ("Content-Encoding", "br, gzip, deflate"), ("Content-Language", "\xff"),
        ("Content-Type", "application/json"), ("Content-Type", "application/json; charset=utf-16"), ("Content-Type", "application/json; charset=\"utf-8"),
        ("Content-Type", "application/JSON;charset=x-user-defined"), ("Content-Type", "application/json; charset=utf-7"), ("Content-Type", "text/plain"),
        ("Content-Type", "application/xml"), ("Content-Type", ""),
        ("Content-Type", "/"), ("Content-Type", "multipart/form-data"), ("Content-Type", "multipart/form-data; boundary="), ("Content-Type", "\xff/\xfe"),
        ("Content-Type", "multipart/form-data; boundary=" + new string('b', 200)), ("Content-Type", "application/x-www-form-urlencoded; charset=utf-7"),
        ("Content-Disposition", "attachment; filename=\"../a\""), ("Max-Forwards", "-1"), ("Prefer", "respond-async"), ("X-Empty", ""),
        ("X-Long", new string('x', 20_000)), ("X-Too-Long", new string('x', 40_000)),
    ];

    public static readonly string[] Methods =
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "G", "QUERY", new('M', 300), "P\xc9ST", "PO ST"];

    private static string Nested(string open, string close, int depth, string inner = "") =>
        string.Concat(Enumerable.Repeat(open, depth)) + inner + string.Concat(Enumerable.Repeat(close, depth));
}
