namespace Platform.Api.Search;

/// <summary>
/// Letters without what sets them apart: in lower case, without accents. .NET cannot decompose characters without ICU, so here is what
/// decomposition, small letters and a few strokes (ø, ł, đ) come to for the scripts that have it, by code point.
/// </summary>
internal static class Folding
{
    private const string Latin =
        "aaaaaaæceeeeiiiidnooooo\u00d7ouuuuyþßaaaaaaæceeeeiiiidnooooo\u00f7ouuuuyþyaaaaaaccccccccddddeeeeeeeeeegggg" +
        "gggghhhhiiiiiiiiiiĳĳjjkkkllllllŀŀllnnnnnnŉnnooooooœœrrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs" +
        "bbƃƃƅƅɔƈƈɖɗƌƌƍǝəɛƒƒɠɣƕɩɨƙƙƚƛɯɲƞɵooƣƣƥƥʀƨƨʃƪƫƭƭʈuuʊʋƴƴƶƶʒƹƹƺƻƽƽƾƿǀǁǂǃǆǆǆǉǉǉǌǌǌaaiioouuuuuuuuuuǝaa" +
        "aaææǥǥggkkooooʒʒjǳǳǳggƕƿnnaaææooaaaaeeeeiiiioooorrrruuuussttȝȝhhƞȡȣȣȥȥaaeeooooooooyyȴȵȶȷȸȹⱥȼȼƚⱦȿ" +
        "ɀɂɂbʉʌɇɇɉɉɋɋɍɍɏɏ";

    private const string Greek =
        "ͱͱͳͳʹ\u0375ͷͷ\u0378\u0379ͺͻͼͽ\u037eϳ\u0380\u0381\u0382\u0383\u0384\u0385α\u0387εηι\u038bο\u038dυωιαβγδεζηθικλμνξο" +
        "πρ\u03a2στυφχψωιυαεηιυαβγδεζηθικλμνξοπρσστυφχψωιυουωϗ" +
        "βθυυυφπϗϙϙϛϛϝϝϟϟϡϡϣϣϥϥϧϧϩϩϫϫϭϭϯϯκρσϳθε\u03f6ϸϸσϻϻϼͻͼͽ";

    private const string Cyrillic =
        "ееђгєѕііјљњћкиуџабвгдежзииклмнопрстуфхцчшщъыьэюяабвгдежзииклмнопрстуфхцчшщъыьэюяееђгєѕііјљњћкиуџ";

    private const string LatinAdditional =
        "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrr" +
        "ssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwyẚsẜẝßẟaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee" +
        "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyyỻỻỽỽỿỿ";

    private const string GreekExtended =
        "ααααααααααααααααεεεεεε\u1f16\u1f17εεεεεε\u1f1e\u1f1fηηηηηηηηηηηηηηηη" +
        "ιιιιιιιιιιιιιιιιοοοοοο\u1f46\u1f47οοοοοο\u1f4e\u1f4fυυυυυυυυ\u1f58υ\u1f5aυ\u1f5cυ\u1f5eυ" +
        "ωωωωωωωωωωωωωωωωααεεηηιιοουυωω\u1f7e\u1f7fααααααααααααααααηηηηηηηηηηηηηηηηωωωωωωωωωωωωωωωωααααα\u1fb5ααααααα\u1fbdι\u1fbf" +
        "\u1fc0\u1fc1ηηη\u1fc5ηηεεηηη\u1fcd\u1fce\u1fcfιιιι\u1fd4\u1fd5ιιιιιι\u1fdc\u1fdd\u1fde\u1fdf" +
        "υυυυρρυυυυυυρ\u1fed\u1fee\u1fef\u1ff0\u1ff1ωωω\u1ff5ωωοοωωω\u1ffd\u1ffe\u1fff";

    public static char Fold(char c) => c switch
    {
        <= '\u007f' => char.ToLowerInvariant(c),
        >= '\u00c0' and <= '\u024f' => Latin[c - '\u00c0'],
        >= '\u0370' and <= '\u03ff' => Greek[c - '\u0370'],
        >= '\u0400' and <= '\u045f' => Cyrillic[c - '\u0400'],
        >= '\u1e00' and <= '\u1eff' => LatinAdditional[c - '\u1e00'],
        >= '\u1f00' and <= '\u1fff' => GreekExtended[c - '\u1f00'],
        // Full-width forms of ASCII.
        >= '\uff01' and <= '\uff5e' => char.ToLowerInvariant((char)(c - 0xfee0)),
        _ => char.ToLowerInvariant(c),
    };

    /// <summary>What an accent is when it is a character of its own, the vowel points of Hebrew and Arabic, and joiners: nothing.</summary>
    public static bool IsNothing(char c) => c
        is (>= '\u0300' and <= '\u036f')
        or (>= '\u0591' and <= '\u05c7' and not ('\u05be' or '\u05c0' or '\u05c3' or '\u05c6'))
        or (>= '\u0610' and <= '\u061a')
        or '\u0640'
        or (>= '\u064b' and <= '\u065f')
        or '\u0670'
        or '\u00ad'
        or (>= '\u200b' and <= '\u200f')
        or '\u2060'
        or '\ufeff';
}
