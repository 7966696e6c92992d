using System.Globalization;
using System.IO.Compression;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Api.Documents.Extraction;
using Platform.Tests.Fixtures.Corpus;
using Xunit.Abstractions;

namespace Platform.Tests.Abuse;

/// <summary>
/// Every file of the corpus, changed as chance has it and as who knows the formats would. The outcome is text or a refusal for a person; the
/// workers stay within their limits and are replaced, and the API notices nothing.
/// </summary>
public sealed class ExtractorAbuseTests(ITestOutputHelper output)
{
    private const int Seed = 20261126;
    private const int Megabytes = 384;

    /// <summary>Of a worker at its peak: its heap, and what the runtime and the libraries need beside it.</summary>
    private const int MaxWorkerMemory = Megabytes + 256;

    [Theory]
    [InlineData(Seed, 8)]
    [InlineData(0, 4)]
    public async Task Every_changed_file_is_read_or_refused_within_the_limits(int seed, int changes)
    {
        seed = seed == 0 ? Environment.TickCount : seed;
        output.WriteLine($"Seed {seed}");
        var folder = Directory.CreateTempSubdirectory("extractor-abuse-").FullName;
        await using var reader = new DocumentReader(
            new() { Workers = 2, TimeoutSeconds = 20, MemoryMegabytes = Megabytes }, TimeProvider.System, NullLogger<DocumentReader>.Instance);
        var complaints = new List<string>();
        var peak = 0;
        await Parallel.ForEachAsync(Changed(seed, changes), new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (file, cancellationToken) =>
        {
            var path = Path.Combine(folder, $"{Guid.NewGuid():n}{file.Extension}");
            await File.WriteAllBytesAsync(path, file.Bytes, cancellationToken);
            var complaint = await TryAsync(reader, path, file.Extension, cancellationToken);
            lock (complaints)
            {
                peak = Math.Max(peak, Workers().Select(PeakOf).DefaultIfEmpty().Max());
                if (complaint is not null)
                {
                    complaints.Add($"{file.Name}: {complaint}");
                }
            }

            File.Delete(path);
        });

        Assert.True(complaints.Count == 0, $"Seed {seed}, {complaints.Count} complaints:\n{string.Join('\n', complaints)}");
        Assert.InRange(peak, 1, MaxWorkerMemory);
        var good = Path.Combine(folder, "plain.txt");
        await File.WriteAllBytesAsync(good, Corpus.Named("plain.txt").Bytes);
        Assert.Contains("quagmire", (await reader.ReadAsync(good, ".txt", CancellationToken.None)).Text, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Text or a refusal; null is fine.</summary>
    private static async Task<string?> TryAsync(DocumentReader reader, string path, string extension, CancellationToken cancellationToken)
    {
        try
        {
            var content = await reader.ReadAsync(path, extension, cancellationToken);
            return content.Text.Length > 1_000_000 ? "too much text" : content.Text.Contains('\0', StringComparison.Ordinal) ? "a NUL in the text"
                : content.Properties.Count > 50 ? "too many properties" : null;
        }
        catch (UnreadableDocumentException refusal)
        {
            return refusal.Message.Length is < 10 or > 200 || refusal.Message.Contains("Exception", StringComparison.Ordinal)
                || refusal.Message.Contains('/', StringComparison.Ordinal) || refusal.Message.Contains("took longer", StringComparison.Ordinal)
                    ? refusal.Message : null;
        }
        catch (Exception failure)
        {
            return failure.ToString();
        }
    }

    /// <summary>Changed files, each with a name that says which and how.</summary>
    private static IEnumerable<(string Name, string Extension, byte[] Bytes)> Changed(int seed, int changes)
    {
#pragma warning disable CA5394 // Not for secrets: the same numbers in every run.
        var random = new Random(seed);
        foreach (var file in Corpus.All)
        {
            // Reading letters in pictures is slow, and not what is broken here.
            for (var count = 0; count < (file.Program == "tesseract" ? changes / 4 : changes); count++)
            {
                var bytes = file.Bytes.ToArray();
                var kind = random.Next(7);
                var at = random.Next(bytes.Length);
                var length = Math.Min(random.Next(1, 200), bytes.Length - at);
                bytes = kind switch
                {
                    0 => Flipped(bytes, random.Next(1, 20)),
                    1 => bytes[..at],
                    2 => [.. bytes[..at], .. Corpus.All[random.Next(Corpus.All.Count)].Bytes.AsSpan(at % 50)],
                    3 => [.. bytes[..at], .. Enumerable.Repeat(bytes[at..(at + length)], 200).SelectMany(piece => piece), .. bytes[at..]],
                    4 => Inflated(bytes, at),
                    5 when Unpacked(file) is { } parts => Repacked(parts, part => Flipped(part, random.Next(1, 10))),
                    6 when Unpacked(file) is { } parts => Repacked(parts, part =>
                        part.Length == 0
                            ? part
                            :
                            [
                                .. part[..(part.Length / 2)],
                                .. Enumerable.Repeat(part[(part.Length / 3)..(part.Length / 2)], 50).SelectMany(piece => piece),
                                .. part[(part.Length / 2)..],
                            ]),
                    _ => [.. bytes[..at], .. bytes[(at + length)..]],
                };
                yield return ($"{file.Name}, change {count} of kind {kind}", file.Extension, bytes);
            }
        }

        byte[] Flipped(byte[] bytes, int times)
        {
            for (; times > 0 && bytes.Length > 0; times--)
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            }

            return bytes;
        }

        // What may be a length or a count is as large as can be, or negative.
        byte[] Inflated(byte[] bytes, int at)
        {
            byte[][] numbers =
            [
                [0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0x7F], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0x80, 0, 0, 0], "99999999"u8.ToArray(),
            ];
            var number = numbers[random.Next(numbers.Length)];
            number.AsSpan(0, Math.Min(number.Length, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
            return bytes;
        }

        // One part of the package is changed before it is packed, since a changed package mostly fails at once.
        byte[] Repacked(List<(string Name, byte[] Content)> parts, Func<byte[], byte[]> change)
        {
            var which = random.Next(parts.Count);
            parts[which] = (parts[which].Name, change(parts[which].Content));
            return OpenDocumentFile.Zip(parts);
        }
#pragma warning restore CA5394
    }

    private static List<(string Name, byte[] Content)>? Unpacked(CorpusFile file)
    {
        if (file.Extension is not (".docx" or ".xlsx" or ".pptx" or ".odt"))
        {
            return null;
        }

        using var zip = new ZipArchive(new MemoryStream(file.Bytes));
        return [.. zip.Entries.Select(entry =>
        {
            using var content = new MemoryStream();
            using var packed = entry.Open();
            packed.CopyTo(content);
            return (entry.FullName, content.ToArray());
        })];
    }

    /// <summary>The workers of this process.</summary>
    private static IEnumerable<string> Workers() => Directory.GetDirectories("/proc").Where(folder =>
        char.IsAsciiDigit(Path.GetFileName(folder)[0]) && Read(folder, "cmdline").EndsWith("\0extract\0", StringComparison.Ordinal)
        && Read(folder, "status").Contains($"PPid:\t{Environment.ProcessId}\n", StringComparison.Ordinal));

    private static int PeakOf(string folder) =>
        Read(folder, "status").Split('\n').FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } line
            ? int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024 : 0;

    private static string Read(string folder, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, name));
        }
        catch (IOException)
        {
            // It has ended.
            return "";
        }
    }
}
