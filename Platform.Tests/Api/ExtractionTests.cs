using System.Diagnostics;
using System.Globalization;
using FsCheck.Xunit;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Api.Documents.Extraction;
using Platform.ServiceDefaults.Errors;
using Platform.Tests.Fixtures.Corpus;

namespace Platform.Tests.Api;

/// <summary>A reader whose workers the tests share, and a folder for the files.</summary>
public sealed class ExtractionFixture : IAsyncLifetime
{
    internal string Folder { get; } = Directory.CreateTempSubdirectory("extraction-").FullName;

    internal DocumentReader Reader { get; } = new(new() { TimeoutSeconds = 120 }, TimeProvider.System, NullLogger<DocumentReader>.Instance);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Reader.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>The reader with its workers, as real processes, over the whole corpus.</summary>
public sealed class ExtractionTests(ExtractionFixture fixture) : IClassFixture<ExtractionFixture>
{
    private readonly string _folder = fixture.Folder;

    public static TheoryData<string> Good => [.. Corpus.All.Select(file => file.Name)];

    public static TheoryData<string> Hostile => [.. HostileFiles.All.Keys];

    public static TheoryData<string> Types => [.. Corpus.All.Select(file => file.Extension).Distinct()];

    [Theory, MemberData(nameof(Good)), Trait("Defect", "D14")]
    public async Task Every_type_language_and_encoding_yields_its_words(string name)
    {
        var file = Corpus.Named(name);
        var content = await ReadAsync(fixture.Reader, file.Bytes, file.Extension);
        Assert.Null(content.Note);
        Assert.Contains(file.Marker, content.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("hidden", content.Text, StringComparison.Ordinal);
        Assert.False(content.IsTruncated);
        Assert.InRange(content.WordCount, 1, 100);
        Assert.InRange(content.Complexity, 0, 1);
        if (file.Language is not null)
        {
            Assert.Equal(file.Language, content.Language);
        }
    }

    [Fact]
    public async Task Office_files_are_read_with_their_tables_headers_notes_and_properties()
    {
        var word = await ReadAsync("contract.docx");
        foreach (var part in (string[])["In the header", "In the footer", "In the footnote", "In the comment", "before\tafter\nnext line", "left cell \tright cell"])
        {
            Assert.Contains(part, word.Text, StringComparison.Ordinal);
        }

        Assert.Equal("A contract", word.Properties["title"]);
        Assert.Equal("Ada", word.Properties["author"]);
        Assert.Equal("Prices of 2026\nPrice\tlabyrinth\n0.3\t2026-01-01\t2026-01-01 12:00:00\tTRUE\n\nMore\nin the second", (await ReadAsync("prices.xlsx")).Text);
        var talk = await ReadAsync("talk.pptx");
        Assert.Equal("The jacaranda flowers in the spring of every year.\nSay that it is a tree.\n\nThe last slide", talk.Text);
        Assert.Equal("2", talk.Properties["slides"]);
        var essay = await ReadAsync("essay.odt");
        Assert.Contains("one\ttwo\nthree  four\nleft \tright", essay.Text, StringComparison.Ordinal);
        Assert.Equal("Essay", essay.Properties["title"]);
        Assert.Equal("3", essay.Properties["pages"]);
    }

    [Fact]
    public async Task Other_formats_are_read_with_their_structure()
    {
        Assert.Equal("name\tprice\tnote\ntamarind\t3,50\tsour; and \"sweet\"\npepper\t2,10\thot", (await ReadAsync("table.csv")).Text);
        Assert.Equal("name: obsidian\nprice: 12.5\ntags:\nblack\nglass\nsold: true\nnested:\nnote: It is a stone.", (await ReadAsync("data.json")).Text);
        Assert.Equal("id: 7\nname: bergamot\nnote: a fruit", (await ReadAsync("feed.xml")).Text);
        Assert.Equal("A waterfall in the mountains\nso\nhigh", (await ReadAsync("drawing.svg")).Text.ReplaceLineEndings("\n").Replace(" \n", "\n", StringComparison.Ordinal));
        var page = await ReadAsync("page.html");
        Assert.Equal("Mandolins & more", page.Properties["title"]);
        Assert.Contains("It has eight strings, and it is louder than one thinks.", page.Text, StringComparison.Ordinal);
        Assert.Contains("café Мир\tbold {braces}", (await ReadAsync("note.rtf")).Text, StringComparison.Ordinal);
        Assert.Contains("Müller from Łódź", (await ReadAsync("note.rtf")).Text, StringComparison.Ordinal);
        Assert.Equal("Dear reader,\nthe zephyrus blows from the west, and it has done so for years.\nÜber die Straße geht ein Wind.", (await ReadAsync("letter.doc")).Text);
        var report = await ReadAsync("report.pdf");
        Assert.Contains("The second page says", report.Text, StringComparison.Ordinal);
        Assert.Equal("2", report.Properties["pages"]);
        Assert.Equal("Ada", report.Properties["author"]);
        var mail = await ReadAsync("message.eml");
        foreach (var part in (string[])["Subject: About the dromedary", "ada@example.org", "bob@example.org", "2026-01-02", "Attachment: logo.png", "attached words"])
        {
            Assert.Contains(part, mail.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_picture_tells_its_size_camera_and_time_but_not_its_place()
    {
        var photo = await ReadAsync("photo.jpg");
        Assert.Equal("JPEG", photo.Properties["type"]);
        Assert.Equal("360", photo.Properties["width"]);
        Assert.Equal("88", photo.Properties["height"]);
        Assert.Equal("Kodachr", photo.Properties["camera_make"]);
        Assert.Equal("2026:01:02 03:04:05", photo.Properties["taken"]);
        Assert.DoesNotContain(photo.Properties, property => property.Value.Contains("52", StringComparison.Ordinal) || property.Key.Contains("gps", StringComparison.OrdinalIgnoreCase));
        foreach (var name in (string[])["sign.png", "animation.gif", "bitmap.bmp", "modern.webp", "scan.tiff"])
        {
            Assert.Equal("88", (await ReadAsync(name)).Properties["height"]);
        }
    }

    [Theory, MemberData(nameof(Hostile))]
    public async Task A_hostile_file_costs_nothing_but_itself(string name)
    {
        var watch = Stopwatch.StartNew();
        await ReadOrRefuseAsync(HostileFiles.All[name](), Path.GetExtension(name));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(110));
        await AssertServesAsync();
    }

    [Theory]
    [InlineData("bomb.docx", "unpacks to more")]
    [InlineData("bomb.odt", "unpacks to more")]
    [InlineData("many-parts.odt", "too many parts")]
    [InlineData("deep.rtf", "nested too deeply")]
    [InlineData("password.pdf", "password")]
    [InlineData("password.docx", "password")]
    [InlineData("password.odt", "password")]
    [InlineData("laughs.docx", "broken")]
    [InlineData("nul.txt", "not text")]
    [InlineData("empty.txt", "empty")]
    public async Task Why_a_file_cannot_be_read_is_said_in_plain_words(string name, string reason)
    {
        var failure = await Assert.ThrowsAsync<UnreadableDocumentException>(() => ReadAsync(fixture.Reader, HostileFiles.All[name](), Path.GetExtension(name)));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("laughs.xml")]
    [InlineData("external.xml")]
    public async Task Entities_are_not_replaced_and_nothing_is_fetched(string name)
    {
        var content = await ReadAsync(fixture.Reader, HostileFiles.All[name](), ".xml");
        Assert.NotNull(content.Note);
        Assert.DoesNotContain("root:", content.Text, StringComparison.Ordinal);
        Assert.InRange(content.Text.Length, 1, 2000);
    }

    [Theory]
    [InlineData("deep.html", "text")]
    [InlineData("deep.json", "1")]
    [InlineData("deep.xml", "x")]
    [InlineData("deep.docx", "x")]
    public async Task Depth_alone_is_no_reason_to_refuse_a_file(string name, string text)
    {
        var content = await ReadAsync(fixture.Reader, HostileFiles.All[name](), Path.GetExtension(name));
        Assert.Contains(text, content.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_text_than_is_kept_is_cut()
    {
        var content = await ReadAsync(fixture.Reader, HostileFiles.All["long-line.csv"](), ".csv");
        Assert.True(content.IsTruncated);
        Assert.Equal(1_000_000, content.CharacterCount, 10.0);
    }

    [Fact]
    public async Task A_picture_that_claims_to_be_huge_is_not_looked_into()
    {
        var content = await ReadAsync(fixture.Reader, HostileFiles.All["huge.png"](), ".png");
        Assert.Equal("100000", content.Properties["width"]);
        Assert.Contains("too large", content.Note, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Types))]
    public async Task Truncated_files_and_random_bytes_of_every_type_do_no_harm(string extension)
    {
        var whole = Corpus.OfType(extension).Bytes;
        foreach (var part in (double[])[0.01, 0.3, 0.6, 0.95])
        {
            await ReadOrRefuseAsync(whole[..Math.Max(1, (int)(whole.Length * part))], extension);
        }

        for (var seed = 0; seed < 3; seed++)
        {
            await ReadOrRefuseAsync(HostileFiles.Random(seed, 5000), extension);
            // The right beginning, then noise.
            await ReadOrRefuseAsync([.. whole[..Math.Min(whole.Length, 600)], .. HostileFiles.Random(seed, 5000)], extension);
        }

        await AssertServesAsync();
    }

    [Property(MaxTest = 60)]
    public async Task Changed_files_do_no_harm(uint which, (uint At, byte Value)[] changes)
    {
        var files = Corpus.All.Where(file => file.Program != "tesseract").ToArray();
        var file = files[which % files.Length];
        var bytes = file.Bytes.ToArray();
        foreach (var (at, value) in changes)
        {
            bytes[at % bytes.Length] = value;
            bytes[(at * 7919) % bytes.Length] ^= value;
        }

        await ReadOrRefuseAsync(bytes, file.Extension);
    }

    [Fact]
    public async Task A_document_that_takes_too_long_is_given_up_and_its_worker_with_it()
    {
        await using var reader = new DocumentReader(new() { Workers = 1, TimeoutSeconds = 2 }, TimeProvider.System, NullLogger<DocumentReader>.Instance);
        var failure = await Assert.ThrowsAsync<UnreadableDocumentException>(() => ReadAsync(reader, HostileFiles.All["endless.pdf"](), ".pdf"));
        Assert.Equal("The file took longer than 2 s to read.", failure.Message);
        await AssertEndsAsync(() => Processes("pdftotext", _folder).Count == 0);
        Assert.Contains("quagmire", (await ReadAsync(reader, Corpus.Named("plain.txt").Bytes, ".txt")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_document_that_needs_too_much_memory_is_given_up()
    {
        await using var reader = new DocumentReader(new() { Workers = 1, MemoryMegabytes = 64, TimeoutSeconds = 120 }, TimeProvider.System, NullLogger<DocumentReader>.Instance);
        var failure = await Assert.ThrowsAsync<UnreadableDocumentException>(() => ReadAsync(reader, HostileFiles.All["not-so-packed.xlsx"](), ".xlsx"));
        Assert.NotEmpty(failure.Message);
        var mail = MailFile.With("Large", new string('x', 40_000_000));
        failure = await Assert.ThrowsAsync<UnreadableDocumentException>(() => ReadAsync(reader, mail, ".eml"));
        Assert.Contains("memory", failure.Message, StringComparison.Ordinal);
        Assert.Contains("\"sweet\"", (await ReadAsync(reader, Corpus.Named("table.csv").Bytes, ".csv")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_is_killed_is_not_the_documents_fault()
    {
        await using var reader = new DocumentReader(new() { Workers = 1, TimeoutSeconds = 120 }, TimeProvider.System, NullLogger<DocumentReader>.Instance);
        var reading = ReadAsync(reader, HostileFiles.All["endless.pdf"](), ".pdf");
        await AssertEndsAsync(() => Processes("pdftotext", _folder).Count > 0);
        var program = Processes("pdftotext", _folder)[0];
        Kill(ParentOf(program));
        await Assert.ThrowsAsync<ServiceUnavailableException>(() => reading);
        Kill(program);
        Assert.Contains("quagmire", (await ReadAsync(reader, Corpus.Named("plain.txt").Bytes, ".txt")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancellation_ends_the_reading()
    {
        await using var reader = new DocumentReader(new() { Workers = 1, TimeoutSeconds = 120 }, TimeProvider.System, NullLogger<DocumentReader>.Instance);
        using var cancellation = new CancellationTokenSource();
        var reading = ReadAsync(reader, HostileFiles.All["endless.pdf"](), ".pdf", cancellation.Token);
        var waiting = ReadAsync(reader, Corpus.Named("plain.txt").Bytes, ".txt");
        await AssertEndsAsync(() => Processes("pdftotext", _folder).Count > 0);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Contains("quagmire", (await waiting).Text, StringComparison.Ordinal);
        await AssertEndsAsync(() => Processes("pdftotext", _folder).Count == 0);
    }

    [Fact]
    public async Task Workers_end_when_there_is_nothing_to_do_but_for_one_and_all_with_the_reader()
    {
        var reader = new DocumentReader(new() { Workers = 3, IdleSeconds = 1 }, TimeProvider.System, NullLogger<DocumentReader>.Instance);
        var before = Workers();
        await reader.WarmUpAsync(CancellationToken.None);
        Assert.Single(Workers().Except(before));
        // Three at once need three.
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ReadAsync(reader, HostileFiles.All["ats.txt"](), ".txt")));
        await AssertEndsAsync(() => Workers().Except(before).Count() == 1);
        var worker = Workers().Except(before).Single();
        await ReadAsync(reader, Corpus.Named("plain.txt").Bytes, ".txt");
        Assert.Equal(worker, Assert.Single(Workers().Except(before)));
        await reader.DisposeAsync();
        await AssertEndsAsync(() => !Workers().Except(before).Any());
    }

    [Fact]
    public async Task A_worker_ends_with_its_parent_even_in_the_middle_of_a_document()
    {
        // The shell is the API here: it starts a worker, asks for an endless document and is killed.
        var path = Write(HostileFiles.All["endless.pdf"](), ".pdf");
        var assembly = typeof(DocumentReader).Assembly.Location;
        var request = $$"""{"Path":"{{path}}","Extension":".pdf","OcrLanguages":"eng"}""";
        using var shell = Process.Start("bash", ["-c", $"(echo '{request}'; sleep 300) | dotnet '{assembly}' extract > /dev/null"]);
        await AssertEndsAsync(() => Processes("pdftotext", path).Count > 0);
        var program = Processes("pdftotext", path)[0];
        var worker = ParentOf(program);
        foreach (var sleeper in Processes("sleep", "300").Where(sleeper => IsBelow(sleeper, shell.Id)))
        {
            Kill(sleeper);
        }

        await AssertEndsAsync(() => !File.Exists($"/proc/{worker}/cmdline"));
        Kill(program);
        Kill(shell.Id);
    }

    [Fact]
    public async Task A_worker_has_nothing_of_the_environment_that_could_be_a_secret()
    {
        Environment.SetEnvironmentVariable("ConnectionStrings__canary", "Password=secret");
        try
        {
            await using var reader = new DocumentReader(new() { Workers = 1 }, TimeProvider.System, NullLogger<DocumentReader>.Instance);
            var before = Workers();
            await ReadAsync(reader, Corpus.Named("plain.txt").Bytes, ".txt");
            var environment = await File.ReadAllTextAsync($"/proc/{Assert.Single(Workers().Except(before))}/environ");
            Assert.Contains("PATH=", environment, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", environment, StringComparison.Ordinal);
            Assert.DoesNotContain("ConnectionStrings", environment, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("ConnectionStrings__canary", null);
        }
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_not_a_broken_document() =>
        await Assert.ThrowsAsync<FileNotFoundException>(() => fixture.Reader.ReadAsync(Path.Combine(_folder, "nothing.txt"), ".txt", default));

    private Task<DocumentContent> ReadAsync(string name) => ReadAsync(fixture.Reader, Corpus.Named(name).Bytes, Path.GetExtension(name));

    private async Task<DocumentContent> ReadAsync(DocumentReader reader, byte[] bytes, string extension, CancellationToken cancellationToken = default)
    {
        var path = Write(bytes, extension);
        try
        {
            return await reader.ReadAsync(path, extension, cancellationToken);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private string Write(byte[] bytes, string extension)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():n}{extension}");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Either is right, as long as it is said properly and what is kept can be stored.</summary>
    private async Task ReadOrRefuseAsync(byte[] bytes, string extension)
    {
        try
        {
            var content = await ReadAsync(fixture.Reader, bytes, extension);
            Assert.InRange(content.Text.Length, 0, 1_000_000);
            Assert.DoesNotContain('\0', content.Text);
            Assert.InRange(content.Properties.Count, 0, 50);
            Assert.InRange(content.Complexity, 0, 1);
        }
        catch (UnreadableDocumentException refusal)
        {
            Assert.InRange(refusal.Message.Length, 10, 200);
            Assert.DoesNotContain("Exception", refusal.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(_folder, refusal.Message, StringComparison.Ordinal);
        }
    }

    private async Task AssertServesAsync() => Assert.Contains("quagmire", (await ReadAsync("plain.txt")).Text, StringComparison.Ordinal);

    private static async Task AssertEndsAsync(Func<bool> condition)
    {
        var deadline = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(deadline.Elapsed < TimeSpan.FromSeconds(60), "It did not happen in time.");
            await Task.Delay(50);
        }
    }

    /// <summary>The workers of this process.</summary>
    private static List<int> Workers() => [.. Processes("dotnet", "extract").Where(id => ParentOf(id) == Environment.ProcessId)];

    /// <summary>Running programs by the end of their name and a part of their arguments.</summary>
    private static List<int> Processes(string program, string argument) =>
    [
        .. Directory.GetDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0 && CommandLine(id) is [var name, .. var arguments]
                && name.EndsWith(program, StringComparison.Ordinal) && arguments.Any(text => text.Contains(argument, StringComparison.Ordinal))),
    ];

    private static string[] CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static bool IsBelow(int id, int ancestor)
    {
        while (id > 1)
        {
            id = ParentOf(id);
            if (id == ancestor)
            {
                return true;
            }
        }

        return false;
    }

    private static int ParentOf(int id)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // It has ended.
        }
    }
}
