using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>Letters that a file keeps in two parts, a base and a combining mark, put together as Unicode's normal form C has them.</summary>
/// <remarks>
/// .NET does nothing of the kind where it runs without ICU (InvariantGlobalization), and a search would not find "Müller" in a text
/// from a Mac or a PDF. Covers the scripts whose letters are composed in practice: Latin, Greek, Cyrillic, Arabic, kana and Hangul.
/// </remarks>
internal static class Composition
{
    /// <summary>By mark: base and composed letter in turn. Generated from UnicodeData.txt.</summary>
    private static readonly FrozenDictionary<(char Base, char Mark), char> Composed = Pairs(
    [
        ('\u0300', "AÀEÈIÌOÒUÙaàeèiìoòuùÜǛüǜNǸnǹЕЀИЍеѐиѝĒḔēḕŌṐōṑWẀwẁÂẦâầĂẰăằÊỀêềÔỒôồƠỜơờƯỪưừYỲyỳἀἂἁἃἈἊἉἋἐἒἑἓἘἚἙἛἠἢἡἣἨἪἩἫἰἲἱἳἸἺἹἻὀὂ"),
        ('\u0300', "ὁὃὈὊὉὋὐὒὑὓὙὛὠὢὡὣὨὪὩὫαὰεὲηὴιὶοὸυὺωὼΑᾺΕῈΗῊ᾿῍ϊῒΙῚ῾῝ϋῢΥῪ¨῭ΟῸΩῺ"),
        ('\u0301', "AÁEÉIÍOÓUÚYÝaáeéiíoóuúyýCĆcćLĹlĺNŃnńRŔrŕSŚsśZŹzźÜǗüǘGǴgǵÅǺåǻÆǼæǽØǾøǿ¨΅ΑΆΕΈΗΉΙΊΟΌΥΎΩΏϊΐαάεέηήιίϋΰοόυύωώϒϓГЃКЌгѓ"),
        ('\u0301', "кќÇḈçḉĒḖēḗÏḮïḯKḰkḱMḾmḿÕṌõṍŌṒōṓPṔpṕŨṸũṹWẂwẃÂẤâấĂẮăắÊẾêếÔỐôốƠỚơớƯỨưứἀἄἁἅἈἌἉἍἐἔἑἕἘἜἙἝἠἤἡἥἨἬἩἭἰἴἱἵἸἼἹἽὀὄὁὅὈὌὉὍὐὔὑὕ"),
        ('\u0301', "ὙὝὠὤὡὥὨὬὩὭ᾿῎῾῞"),
        ('\u0302', "AÂEÊIÎOÔUÛaâeêiîoôuûCĈcĉGĜgĝHĤhĥJĴjĵSŜsŝWŴwŵYŶyŷZẐzẑẠẬạậẸỆẹệỌỘọộ"),
        ('\u0303', "AÃNÑOÕaãnñoõIĨiĩUŨuũVṼvṽÂẪâẫĂẴăẵEẼeẽÊỄêễÔỖôỗƠỠơỡƯỮưữYỸyỹ"),
        ('\u0304', "AĀaāEĒeēIĪiīOŌoōUŪuūÜǕüǖÄǞäǟȦǠȧǡÆǢæǣǪǬǫǭÖȪöȫÕȬõȭȮȰȯȱYȲyȳИӢиӣУӮуӯGḠgḡḶḸḷḹṚṜṛṝαᾱΑᾹιῑΙῙυῡΥῩ"),
        ('\u0306', "AĂaăEĔeĕGĞgğIĬiĭOŎoŏUŬuŭУЎИЙийуўЖӁжӂАӐаӑЕӖеӗȨḜȩḝẠẶạặαᾰΑᾸιῐΙῘυῠΥῨ"),
        ('\u0307', "CĊcċEĖeėGĠgġIİZŻzżAȦaȧOȮoȯBḂbḃDḊdḋFḞfḟHḢhḣMṀmṁNṄnṅPṖpṗRṘrṙSṠsṡŚṤśṥŠṦšṧṢṨṣṩTṪtṫWẆwẇXẊxẋYẎyẏſẛ"),
        ('\u0308', "AÄEËIÏOÖUÜaäeëiïoöuüyÿYŸΙΪΥΫιϊυϋϒϔЕЁІЇеёіїАӒаӓӘӚәӛЖӜжӝЗӞзӟИӤиӥОӦоӧӨӪөӫЭӬэӭУӰуӱЧӴчӵЫӸыӹHḦhḧÕṎõṏŪṺūṻWẄwẅXẌxẍtẗ"),
        ('\u0309', "AẢaảÂẨâẩĂẲăẳEẺeẻÊỂêểIỈiỉOỎoỏÔỔôổƠỞơởUỦuủƯỬưửYỶyỷ"),
        ('\u030A', "AÅaåUŮuůwẘyẙ"),
        ('\u030B', "OŐoőUŰuűУӲуӳ"),
        ('\u030C', "CČcčDĎdďEĚeěLĽlľNŇnňRŘrřSŠsšTŤtťZŽzžAǍaǎIǏiǐOǑoǒUǓuǔÜǙüǚGǦgǧKǨkǩƷǮʒǯjǰHȞhȟ"),
        ('\u030F', "AȀaȁEȄeȅIȈiȉOȌoȍRȐrȑUȔuȕѴѶѵѷ"),
        ('\u0311', "AȂaȃEȆeȇIȊiȋOȎoȏRȒrȓUȖuȗ"),
        ('\u0313', "αἀΑἈεἐΕἘηἠΗἨιἰΙἸοὀΟὈυὐωὠΩὨρῤ"),
        ('\u0314', "αἁΑἉεἑΕἙηἡΗἩιἱΙἹοὁΟὉυὑΥὙωὡΩὩρῥΡῬ"),
        ('\u031B', "OƠoơUƯuư"),
        ('\u0323', "BḄbḅDḌdḍHḤhḥKḲkḳLḶlḷMṂmṃNṆnṇRṚrṛSṢsṣTṬtṭVṾvṿWẈwẉZẒzẓAẠaạEẸeẹIỊiịOỌoọƠỢơợUỤuụƯỰưựYỴyỵ"),
        ('\u0324', "UṲuṳ"),
        ('\u0325', "AḀaḁ"),
        ('\u0326', "SȘsșTȚtț"),
        ('\u0327', "CÇcçGĢgģKĶkķLĻlļNŅnņRŖrŗSŞsşTŢtţEȨeȩDḐdḑHḨhḩ"),
        ('\u0328', "AĄaąEĘeęIĮiįUŲuųOǪoǫ"),
        ('\u032D', "DḒdḓEḘeḙLḼlḽNṊnṋTṰtṱUṶuṷ"),
        ('\u032E', "HḪhḫ"),
        ('\u0330', "EḚeḛIḬiḭUṴuṵ"),
        ('\u0331', "BḆbḇDḎdḏKḴkḵLḺlḻNṈnṉRṞrṟTṮtṯZẔzẕhẖ"),
        ('\u0338', "←↚→↛↔↮⇐⇍⇔⇎⇒⇏∃∄∈∉∋∌∣∤∥∦∼≁≃≄≅≇≈≉≡≢≍≭≤≰≥≱≲≴≳≵≶≸≷≹≺⊀≻⊁⊂⊄⊃⊅⊆⊈⊇⊉⊢⊬⊨⊭⊩⊮⊫⊯≼⋠≽⋡⊑⋢⊒⋣⊲⋪⊳⋫⊴⋬⊵⋭"),
        ('\u0342', "ἀἆἁἇἈἎἉἏἠἦἡἧἨἮἩἯἰἶἱἷἸἾἹἿὐὖὑὗὙὟὠὦὡὧὨὮὩὯαᾶ¨῁ηῆ᾿῏ιῖϊῗ῾῟υῦϋῧωῶ"),
        ('\u0345', "ἀᾀἁᾁἂᾂἃᾃἄᾄἅᾅἆᾆἇᾇἈᾈἉᾉἊᾊἋᾋἌᾌἍᾍἎᾎἏᾏἠᾐἡᾑἢᾒἣᾓἤᾔἥᾕἦᾖἧᾗἨᾘἩᾙἪᾚἫᾛἬᾜἭᾝἮᾞἯᾟὠᾠὡᾡὢᾢὣᾣὤᾤὥᾥὦᾦὧᾧὨᾨὩᾩὪᾪὫᾫὬᾬὭᾭὮᾮὯᾯὰᾲαᾳάᾴᾶᾷΑᾼὴῂηῃ"),
        ('\u0345', "ήῄῆῇΗῌὼῲωῳώῴῶῷΩῼ"),
        ('\u0653', "اآ"),
        ('\u0654', "اأوؤيئەۀہۂےۓ"),
        ('\u0655', "اإ"),
        ('\u3099', "かがきぎくぐけげこごさざしじすずせぜそぞただちぢつづてでとどはばひびふぶへべほぼうゔゝゞカガキギクグケゲコゴサザシジスズセゼソゾタダチヂツヅテデトドハバヒビフブヘベホボウヴワヷヰヸヱヹヲヺヽヾ"),
        ('\u309A', "はぱひぴふぷへぺほぽハパヒピフプヘペホポ"),
    ]);

    /// <summary>Whether anything in the text may have to be composed.</summary>
    public static bool IsNeeded(ReadOnlySpan<char> text) =>
        text.ContainsAnyInRange('\u0300', '\u036F') || text.ContainsAnyInRange('\u0653', '\u0655') || text.ContainsAnyInRange('\u1100', '\u11FF')
        || text.ContainsAnyInRange('\u3099', '\u309A');

    /// <summary>The text with its letters composed. Marks that no letter takes stay as they are.</summary>
    public static string Compose(string text)
    {
        if (!IsNeeded(text))
        {
            return text;
        }

        var composed = new StringBuilder(text.Length);
        // Where the letter is that the following marks belong to, and the mark before this one that it did not take.
        var letter = -1;
        var left = '\0';
        foreach (var c in text)
        {
            if (letter >= 0 && composed.Length > letter && (left == '\0' || (IsMark(c) && left != c && !IsSamePlace(left, c)))
                && Join(composed[letter], c) is { } joined)
            {
                composed[letter] = joined;
            }
            else if (IsMark(c))
            {
                composed.Append(c);
                left = c;
            }
            else
            {
                letter = composed.Length;
                left = '\0';
                composed.Append(c);
            }
        }

        return composed.ToString();
    }

    private static bool IsMark(char c) => char.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark;

    /// <summary>Both are above the letter, or both are below it: the one that was not taken keeps the other from it.</summary>
    private static bool IsSamePlace(char one, char other) => IsBelow(one) == IsBelow(other);

    private static bool IsBelow(char mark) =>
        mark is (>= '\u0316' and <= '\u0319') or (>= '\u031C' and <= '\u0320') or (>= '\u0321' and <= '\u0333') or '\u0339' or '\u0345';

    private static char? Join(char letter, char mark)
    {
        // Hangul is arithmetic: 19 leading consonants, 21 vowels, 27 trailing consonants.
        if (letter is >= '\u1100' and <= '\u1112' && mark is >= '\u1161' and <= '\u1175')
        {
            return (char)('\uAC00' + (((letter - '\u1100') * 21) + (mark - '\u1161')) * 28);
        }
        if (letter is >= '\uAC00' and <= '\uD7A3' && (letter - '\uAC00') % 28 == 0 && mark is > '\u11A7' and <= '\u11C2')
        {
            return (char)(letter + (mark - '\u11A7'));
        }

        return Composed.TryGetValue((letter, mark), out var composed) ? composed : null;
    }

    private static FrozenDictionary<(char Base, char Mark), char> Pairs(IEnumerable<(char Mark, string Letters)> rows) =>
        rows.SelectMany(row => row.Letters.Chunk(2), (row, pair) => KeyValuePair.Create((pair[0], row.Mark), pair[1])).ToFrozenDictionary();
}
