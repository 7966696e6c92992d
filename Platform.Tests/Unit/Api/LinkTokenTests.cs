using FsCheck.Xunit;
using Microsoft.Extensions.Options;
using Platform.Api.Documents;

namespace Platform.Tests.Unit.Api;

public sealed class LinkTokenTests
{
    private static readonly LinkToken Links = WithKey("a-key-of-32-characters-and-more!");
    private static readonly DateTimeOffset Expires = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    [Property]
    public void A_token_says_what_it_was_made_of(Guid id, uint seconds)
    {
        var expires = DateTimeOffset.FromUnixTimeSeconds(seconds);

        Assert.True(Links.TryRead(Links.Create(id, expires), out var read, out var until));
        Assert.Equal((id, expires), (read, until));
    }

    [Property]
    public void No_changed_bit_passes(Guid id, byte place)
    {
        var token = Links.Create(id, Expires).ToCharArray();
        var alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var at = place % token.Length;
        var value = alphabet.IndexOf(token[at], StringComparison.Ordinal);
        for (var bit = 0; bit < 6; bit++)
        {
            token[at] = alphabet[value ^ (1 << bit)];
            Assert.False(Links.TryRead(new(token), out _, out _));
        }
    }

    [Property]
    public void No_other_text_passes(string? text) => Assert.False(Links.TryRead(text ?? "", out _, out _));

    [Fact]
    public void Another_key_revokes_and_without_a_key_there_are_none()
    {
        var token = Links.Create(Guid.NewGuid(), Expires);

        Assert.True(Links.TryRead(token, out _, out _));
        Assert.False(WithKey("another-key-of-32-characters-too").TryRead(token, out _, out _));
        Assert.False(WithKey(null).TryRead(token, out _, out _));
        Assert.False(WithKey(null).IsEnabled);
        Assert.False(Links.TryRead(token + "=", out _, out _));
        Assert.False(Links.TryRead(token[..^1], out _, out _));
        Assert.False(Links.TryRead(" " + token[1..], out _, out _));
    }

    private static LinkToken WithKey(string? key) => new(Options.Create(new LinkOptions { SigningKey = key }));
}
