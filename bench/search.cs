#:project ../Platform.Api/Platform.Api.csproj
#:property PublishAot=false
#:property NoWarn=$(NoWarn);CA2007;CA1303;CA5394;IDE0005;CS1591
// Fills the search index with generated documents, by the product's own code, and writes queries for search.lua.
//   dotnet run bench/search.cs -- "<connection string>" <documents> <queries file>
// The vocabulary of 50 000 words is distributed as words are (Zipf): the first one is in nearly every document, the last one in a few.

using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Platform.Api.Search;
using Platform.Api.Search.Postgres;

var (connection, count, queriesFile) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture), args[2]);
const int Words = 50_000;
var random = new Random(20260101);
var vocabulary = Vocabulary(Words, random);
var cumulative = new double[Words];
for (var (i, sum) = (0, 0.0); i < Words; i++)
{
    cumulative[i] = sum += 1.0 / (i + 1);
}

await using var source = NpgsqlDataSource.Create(connection + ";Maximum Pool Size=8;Max Auto Prepare=32;Command Timeout=60");
var index = new PostgresSearchIndex(source);
var watch = Stopwatch.StartNew();
var start = new DateTime(2023, 1, 1, 0, 0, 0, DateTimeKind.Utc);
string[] types = ["invoice", "contract", "report", "letter", "other"], extensions = [".pdf", ".docx", ".txt", ".xlsx"];
string[] tags = ["urgent", "draft", "final", "archive", "2023", "2024", "2025", "finance", "legal", "personal"];
var batches = Enumerable.Range(0, count / 200).Select(batch => Enumerable.Range(0, 200).Select(i => Document((batch * 200) + i)).ToArray());
await Parallel.ForEachAsync(batches, new ParallelOptions { MaxDegreeOfParallelism = 3 },
    async (batch, token) => await index.PutAsync(batch, token));
Console.WriteLine($"{count} documents in {watch.Elapsed.TotalSeconds:f0} s, {count / watch.Elapsed.TotalSeconds:f0}/s");
// As the API does after what it puts itself.
while (await MergeAsync())
{
}
await using (var vacuum = source.CreateCommand("VACUUM ANALYZE search_documents, search_postings, search_terms"))
{
    vacuum.CommandTimeout = 600;
    await vacuum.ExecuteNonQueryAsync();
}
Console.WriteLine($"merged after {watch.Elapsed.TotalSeconds:f0} s");

// 40 % one or two words of medium frequency, 20 % a rare one, 15 % the beginning of one, 15 % a misspelt one, 10 % a very frequent one;
// every fifth with a filter.
await File.WriteAllLinesAsync(queriesFile, Enumerable.Range(0, 20_000).Select(i =>
{
    var query = (i % 20) switch
    {
        < 4 => Medium(),
        < 8 => Medium() + "%20" + Medium(),
        < 12 => vocabulary[random.Next(5000, Words)],
        < 15 => vocabulary[random.Next(200, 20_000)] is var word ? word[..Math.Min(word.Length, random.Next(3, 6))] : "",
        < 18 => Misspelt(vocabulary[random.Next(200, 20_000)]),
        _ => vocabulary[random.Next(0, 20)],
    };
    var filter = random.Next(5) == 0 ? random.Next(3) switch
    {
        0 => $"&document_type={types[random.Next(types.Length)]}",
        1 => $"&tags={tags[random.Next(tags.Length)]}",
        _ => $"&from=2024-06-01&file_extension={extensions[random.Next(extensions.Length)][1..]}",
    } : "";
    return $"q={query}{filter}";
}));

async Task<bool> MergeAsync()
{
    await using var connection = await source.OpenConnectionAsync();
    await using var reader = await source.OpenConnectionAsync();
    await using var transaction = await connection.BeginTransactionAsync();
    var merged = await SearchSegments.MergeAsync(connection, reader, default);
    await transaction.CommitAsync();
    return merged;
}

string Medium() => vocabulary[random.Next(200, 5000)];

string Misspelt(string word)
{
    var place = random.Next(1, word.Length);
    return random.Next(3) switch
    {
        0 => word.Remove(place, 1),
        1 => word.Insert(place, "q"),
        _ => word[..place] + "x" + word[(place + 1)..],
    };
}

SearchDocument Document(int i)
{
    var words = random.Next(50, 401);
    var text = string.Join(' ', Enumerable.Range(0, words).Select(_ => Word()));
    var time = start.AddMinutes(15 * i);
    return new()
    {
        Id = Guid.CreateVersion7(time),
        ContactId = $"contact_{i % 5000:d32}",
        Filename = $"{Word()} {vocabulary[random.Next(0, 5000)]} {i}{extensions[i % extensions.Length]}",
        FileExtension = extensions[i % extensions.Length],
        ContentType = "application/octet-stream",
        Size = text.Length,
        DocumentType = types[random.Next(types.Length)],
        Description = random.Next(3) == 0 ? $"{Word()} {Word()} {Word()}" : "",
        Tags = [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => tags[random.Next(tags.Length)]).Distinct()],
        Keywords = [Word(), Word()],
        ProcessingStatus = random.Next(50) == 0 ? "failed" : "completed",
        UploadTimestamp = time,
        ProcessingTimestamp = time,
        LanguageDetected = "en",
        WordCount = words,
        CharacterCount = text.Length,
        ComplexityScore = 0.5,
        TextContent = text,
    };
}

string Word()
{
    var place = Array.BinarySearch(cumulative, random.NextDouble() * cumulative[^1]);
    return vocabulary[Math.Min(place < 0 ? ~place : place, Words - 1)];
}


static string[] Vocabulary(int count, Random random)
{
    string[] onsets = ["b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr", "pl", "gr", "ch", "sh"];
    string[] rhymes = ["a", "e", "i", "o", "u", "an", "en", "in", "on", "ar", "er", "or", "al", "el", "ist", "ent", "ing", "ous"];
    var words = new HashSet<string>(StringComparer.Ordinal);
    while (words.Count < count)
    {
        words.Add(string.Concat(Enumerable.Range(0, random.Next(2, 5)).Select(_ =>
            onsets[random.Next(onsets.Length)] + rhymes[random.Next(rhymes.Length)])));
    }
    return [.. words];
}
