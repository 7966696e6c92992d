using System.Text;
using FsCheck.Xunit;
using Platform.Api.Contacts;
using Platform.Api.Requests;
using Platform.Api.Security;

namespace Platform.Tests.Unit.Api;

public sealed class ApiInputTests
{
    [Theory, Trait("Defect", "D08"), Trait("Defect", "R07")]
    [InlineData("ada@example.org")]
    [InlineData("a.b+tag@sub.example.co.uk")]
    [InlineData("o'neil!#$%&*/=?^_`{|}~-@x-y.org")]
    [InlineData("почта@пример.рф")]
    [InlineData("用户@例子.广告")]
    [InlineData("a@xn--e1afmkfd.xn--p1ai")]
    [InlineData("a@1.2.org")]
    public void An_address_that_mail_can_reach_is_valid(string address) => Assert.True(EmailAddress.IsValid(address));

    [Theory, Trait("Defect", "D08"), Trait("Defect", "R07")]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("ada")]
    [InlineData("@example.org")]
    [InlineData("ada@")]
    [InlineData("a@b@c.org")]
    [InlineData("a b@c.org")]
    [InlineData(".a@c.org")]
    [InlineData("a.@c.org")]
    [InlineData("a..b@c.org")]
    [InlineData("a@localhost")]
    [InlineData("a@.org")]
    [InlineData("a@b.")]
    [InlineData("a@b..org")]
    [InlineData("a@-b.org")]
    [InlineData("a@b-.org")]
    [InlineData("a@b_c.org")]
    [InlineData("a@127.0.0.1")]
    [InlineData("a@[127.0.0.1]")]
    [InlineData("\"a b\"@c.org")]
    [InlineData("<a@b.org>")]
    [InlineData("a@b.org,c@d.org")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.org")]
    public void Anything_else_is_not(string address) => Assert.False(EmailAddress.IsValid(address));

    [Property]
    public void Whatever_is_a_valid_address_has_one_at_and_nothing_that_could_end_a_header_line(string text)
    {
        if (text is not null && EmailAddress.IsValid(text))
        {
            Assert.Single(text, '@');
            Assert.DoesNotContain(text, c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '<' or '>' or ',' or ';' or '"');
        }
    }

    [Property]
    public void Whatever_a_field_lets_through_is_within_the_limits_of_the_table(string text, bool multiLine)
    {
        var (value, error) = new TextField("f", 10, IsRequired: true, IsMultiLine: multiLine).Check(text);
        if (error is null)
        {
            Assert.InRange(value.EnumerateRunes().Count(), 1, 10);
            Assert.Equal(value.Trim(), value);
            Assert.DoesNotContain('\0', value);
            Assert.True(multiLine || value.ReplaceLineEndings("") == value);
        }
    }

    [Property]
    public void A_cursor_is_read_back_as_it_was_written(DateTime time, Guid id)
    {
        var cursor = new ContactCursor(new(time.Ticks, DateTimeKind.Utc), $"contact_{id:n}");
        Assert.True(ContactCursor.TryParse(cursor.ToString(), out var read));
        Assert.Equal(cursor, read);
    }

    [Property]
    public void Text_that_no_cursor_wrote_is_refused_without_an_exception(string text, byte[] bytes)
    {
        foreach (var made in (string?[])[text, Convert.ToBase64String(bytes ?? []), Encoding.Latin1.GetString(bytes ?? [])])
        {
            if (made is not null && ContactCursor.TryParse(made, out var cursor))
            {
                Assert.Equal(made, cursor.ToString());
            }
        }
    }

    [Fact]
    public void Ids_made_later_sort_later()
    {
        var start = DateTimeOffset.UtcNow;
        var ids = Enumerable.Range(0, 100).Select(i => ContactId.Create(start.AddMilliseconds(i))).ToArray();
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
    }

    [Fact]
    public void Every_new_key_is_another_one_of_256_bits()
    {
        var keys = Enumerable.Range(0, 1000).Select(_ => ApiKey.Generate()).ToArray();
        Assert.Equal(1000, keys.Select(key => key.Key).Distinct().Count());
        Assert.All(keys, key => Assert.Equal(ApiKey.HashOf(key.Key), key.Hash));
        Assert.All(keys, key => Assert.Equal(32, System.Buffers.Text.Base64Url.DecodeFromChars(key.Key).Length));
    }
}
