using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Platform.ServiceDefaults.Correlation;

namespace Platform.Tests.Unit;

[Trait("Defect", "D16")]
public sealed partial class CorrelationIdValidatorTests
{
    private const string Allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    [Property(MaxTest = 1000)]
    public Property It_agrees_with_the_documented_pattern() => Prop.ForAll(
        Gen.OneOf(
            ArbMap.Default.GeneratorFor<string>().Where(text => text is not null),
            AllowedText(0, 80),
            WithOneOtherCharacter()).ToArbitrary(),
        text => CorrelationId.IsValid(text) == Pattern().IsMatch(text));

    [Property]
    public Property Every_text_of_allowed_characters_up_to_the_limit_is_taken() =>
        Prop.ForAll(AllowedText(1, CorrelationId.MaxLength).ToArbitrary(), text => CorrelationId.IsValid(text));

    [Property]
    public Property One_other_character_anywhere_is_refused() =>
        Prop.ForAll(WithOneOtherCharacter().ToArbitrary(), text => !CorrelationId.IsValid(text));

    [Theory]
    [InlineData("", false)]
    [InlineData("a", true)]
    [InlineData("a\n", false)]
    [InlineData("\r\n", false)]
    [InlineData("\u2028", false)]
    [InlineData("\ud800", false)]
    [InlineData("Ａ", false)]
    public void The_edges_are_as_documented(string text, bool valid) => Assert.Equal(valid, CorrelationId.IsValid(text));

    private static Gen<string> AllowedText(int shortest, int longest) =>
        from length in Gen.Choose(shortest, longest)
        from characters in Gen.Elements(Allowed.ToCharArray()).ArrayOf(length)
        select new string(characters);

    private static Gen<string> WithOneOtherCharacter() =>
        from before in AllowedText(0, 31)
        from other in ArbMap.Default.GeneratorFor<char>().Where(character => !Allowed.Contains(character, StringComparison.Ordinal))
        from after in AllowedText(0, 31)
        select before + other + after;

    // \z, since $ lets a line break at the end pass.
    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex Pattern();
}
