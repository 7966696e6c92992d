using System.Collections.Frozen;

namespace Platform.Api.Documents.Extraction.Analysis;

/// <summary>The words of three and more letters that are frequent in every text of a language.</summary>
internal static class StopWords
{
    private static readonly FrozenSet<string> None = FrozenSet<string>.Empty;

    private static readonly Dictionary<string, Lazy<FrozenSet<string>>> ByLanguage = new(
    [
        Of("en", """
            the and for are but not you all any can had her was one our out his has have him how its may new now old see two way who did get let put
            say she too use that with from they this been were will would there their what about which when make like than then them some could
            other into more these your over such only also after most where much should being does very just because each under between through same
            those both before here while during upon shall within without per via etc yes off own every must might since until whether having
            however don't i'm it's
            """),
        Of("de", """
            der die das und ist von den dem des ein eine einer eines einem einen mit für auf nicht sich auch als aus bei nach wie wir sie ihr ihre
            ihren ihrer ihrem ich mir mich uns unser unsere unserer euch hat haben hatte war waren wird werden wurde wurden kann können konnte soll
            sollen muss müssen darf dürfen sein seine seiner seinem seinen sind bin bist dass daß oder aber wenn weil noch nur über unter vor zum
            zur bis durch gegen ohne zwischen diese dieser dieses diesem diesen jede jeder jedes alle allem allen aller alles mehr sehr schon dann
            denn doch hier dort was wer wo so man kein keine keiner keinem keinen vom beim ins während sowie bzw usw damit dazu dabei daher also
            etwa immer wieder einmal will wollen
            """),
        Of("fr", """
            les des une est dans que qui par pour pas sur avec son ses sont plus aux ont été cette ces mais comme nous vous ils elle elles leur
            leurs lui tout tous toute toutes fait être avoir peut même aussi bien sans sous entre après avant donc dont où ou et du au la le un ne
            se ce il je tu mon ton notre votre nos vos mes tes était étaient sera seront avait avaient ai as avons avez très peu si non oui ainsi
            alors afin lors chez puis car cela celui celle ceux quand quel quelle quels quelles encore déjà depuis pendant chaque autre autres
            lorsque
            """),
        Of("es", """
            los las una uno unos unas del que por con para como más pero sus les ese esa eso este esta esto estos estas son fue ser está están han
            hay muy sin sobre también entre cuando todo toda todos todas desde hasta donde quien nos nuestro nuestra nuestros nuestras ellos ellas
            usted ustedes tiene tienen puede pueden había era eran será serán sido porque aunque cada otro otra otros otras mismo misma así bien
            solo sólo según durante antes después contra mediante hacia aquí allí mucho muchos poco algo nada ante bajo esos esas aquel
            """),
        Of("it", """
            che con per una uno del della dei delle degli dello nel nella nei nelle negli nello sul sulla sui sulle dal dalla dai dalle alla alle
            agli allo sono non come più anche questo questa questi queste quello quella quelli quelle suo sua suoi sue loro nostro nostra era erano
            essere stato stata stati state hanno aveva può possono dove quando chi cosa tutto tutti tutta tutte altro altri altre molto poco sempre
            già ancora fra tra dopo prima senza sotto sopra ogni così perché però quindi oppure mentre dalla gli noi voi lui lei
            """),
        Of("pt", """
            que com uma por para dos das não mais como mas foi ele ela eles elas seu sua seus suas isso este esta estes estas esse essa esses essas
            são ser está estão tem têm muito nos nas pelo pela pelos pelas entre sem sobre também quando onde quem até desde após antes todos todas
            todo toda cada outro outra outros outras mesmo mesma pode podem havia era eram será depois porque ainda assim apenas num numa você vocês
            nosso nossa aos
            """),
        Of("nl", """
            het een van dat met voor niet zijn aan ook als bij nog maar naar wordt worden werd werden door over uit kan kunnen zal zullen heeft
            hebben had hadden deze dit die dan wel meer geen wat wie hoe waar wij jij zij hij hun haar ons onze uw mijn jouw alle alles veel zeer
            tot tegen onder tussen zonder tijdens omdat zoals echter daar hier toch reeds men moet moeten mag mogen was waren ben bent
            """),
        Of("pl", """
            nie się jest dla jak ale oraz przez tym tego też być był była było były może przy lub czy jego jej ich ten tej tych tą który która które
            których którym od do na po za pod nad bez między aby żeby także tylko już jeszcze bardzo więc kiedy gdzie kto wszystko wszystkie sobie
            będzie będą są nas nam nasz nasza nasze pan pani jako został została zostały ponieważ każdy
            """),
        Of("ru", """
            что это как так для его она они или если при был была было были быть все всё вся еще ещё уже чтобы только можно нет без под над между
            через после перед может могут этот эта эти этого этой этих того тот также более очень когда где кто который которая которое которые
            которых мы вы нас вас нам вам наш наша наши ваш их ним него неё ней себя есть будет будут тоже либо однако поэтому потому свой своей
            свои каждый над про
            """),
        Of("uk", """
            що це як так для його вона вони або якщо при був була було були бути все вся ще вже щоб тільки можна немає без під над між через після
            перед може можуть цей ця цього цієї цих того той також більше дуже коли де хто який яка яке які яких нас вас нам вам наш наша їх ним
            себе буде будуть
            """),
        Of("el", """
            και του της των τον την στο στη στην στον στα στις στους για από που είναι με σε θα να δεν ένα μια ένας μία αυτό αυτή αυτός αυτά αυτές
            ήταν έχει έχουν είχε όπως αλλά πολύ πιο μετά πριν όταν όπου όλα όλες όλοι κάθε μας σας τους τις οι το τα ως προς κατά μεταξύ χωρίς μόνο
            επίσης πρέπει μπορεί
            """),
        Of("sv", """
            och att det som för den med har inte till var ett från kan men när också eller sin sina ska skall blir bli hade alla denna detta dessa
            man vid över under efter före mellan utan genom mycket mer här där vad vem hur vår våra ert era hans hennes deras varit vara mot hos
            """),
        Of("da", """
            det som for den med har ikke til var fra kan men når også eller sin sine skal bliver blev blive havde alle denne dette disse man ved
            over under efter før mellem uden gennem meget mere her der hvad hvem hvordan vores jeres hans hendes deres været være mod hos kunne
            skulle ville
            """),
        Of("cs", """
            jak ale pro jsou nebo byl byla bylo byly být jeho její jejich ten této tento tato tyto toho tím který která které kteří kterých při pod
            nad bez mezi aby také jen již ještě velmi když kde kdo všechno všechny jako není bude budou může mohou nás nám náš naše každý proto
            """),
        Of("tr", """
            bir için ile olarak olan daha çok gibi kadar sonra önce ancak veya hem her şey ise ama bunu buna bunun onun onlar biz siz sen ben değil
            var yok oldu olduğu tarafından arasında göre ayrıca hiç nasıl neden nerede kim tüm bazı diğer
            """),
        Of("ar", """
            من في على إلى عن مع هذا هذه ذلك تلك التي الذي الذين كان كانت يكون تكون قد لقد كل بعد قبل بين عند حتى أو أن إن لا ما لم لن هو هي هم نحن
            أنت كما أيضا ثم إذا حيث غير بعض أي
            """),
    ]);

    /// <summary>English ones for a language that is not known.</summary>
    public static FrozenSet<string> Of(string? language) =>
        ByLanguage.TryGetValue(language ?? "en", out var words) ? words.Value : None;

    /// <summary>
    /// The language most of whose words these are: in a sentence or two they tell more than trigrams do. Null when no language has three
    /// words more than every other.
    /// </summary>
    public static string? Vote(string text)
    {
        var votes = ByLanguage.Keys.ToDictionary(language => language, _ => 0);
        foreach (var range in Words.In(text))
        {
            var word = text[range].ToLowerInvariant();
            foreach (var (language, words) in ByLanguage)
            {
                votes[language] += words.Value.Contains(word) ? 1 : 0;
            }
        }

        var ranked = votes.OrderByDescending(vote => vote.Value).ToArray();
        return ranked[0].Value >= ranked[1].Value + 3 ? ranked[0].Key : null;
    }

    private static KeyValuePair<string, Lazy<FrozenSet<string>>> Of(string language, string words) =>
        new(language, new(() => words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet()));
}
