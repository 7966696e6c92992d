using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Platform.Api.Documents.Extraction.Analysis;
using Platform.Api.Documents.Extraction.Formats;

namespace Platform.Api.Documents.Extraction.Worker;

/// <summary>
/// The worker itself: one request a line on standard input, one answer a line on standard output, until the input ends. It does one thing
/// at a time and waits for nobody else, hence no tasks.
/// </summary>
internal static class ExtractionWorker
{
    /// <summary>What this program is started with to be a worker.</summary>
    public const string Argument = "extract";

    /// <summary>That of a main thread: libraries that recurse have what their authors had.</summary>
    private const int StackBytes = 8 * 1024 * 1024;

    /// <summary>
    /// Works, if that is what the program was started for, and returns true when the input has ended; it does not return when that ends in
    /// the middle of a document.
    /// </summary>
    public static bool TryRun(string[] arguments)
    {
        if (arguments is not [Argument])
        {
            return false;
        }

        Run();
        return true;
    }

    private static void Run()
    {
        using var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        using var output = Console.OpenStandardOutput();
        // A library that writes to the console must not be taken for an answer.
        Console.SetOut(TextWriter.Null);
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        using var requests = new BlockingCollection<string>(1);
        var reading = new Thread(() => Serve(requests, output), StackBytes) { IsBackground = true, Name = "documents" };
        reading.Start();
        while (input.ReadLine() is { } line)
        {
            requests.Add(line);
        }

        // The API is gone, whatever is being read.
    }

    private static void Serve(BlockingCollection<string> requests, Stream output)
    {
        // What the first document would wait for: compiling, and the languages.
        var words = new ExtractedDocument { OcrLanguages = "" };
        words.Append("Zeppelin, hangar, zeppelin hangar");
        TextAnalysis.Analyse(words, ".txt");
        Write(output, new());
        foreach (var line in requests.GetConsumingEnumerable())
        {
            var answer = Read(JsonSerializer.Deserialize(line, WorkerJson.Messages.ExtractionRequest)!);
            Write(output, answer);
            if (answer.IsLast)
            {
                Environment.Exit(0);
            }
        }
    }

    private static void Write(Stream output, ExtractionAnswer answer)
    {
        JsonSerializer.Serialize(output, answer, WorkerJson.Messages.ExtractionAnswer);
        output.WriteByte((byte)'\n');
        output.Flush();
    }

    private static ExtractionAnswer Read(ExtractionRequest request)
    {
        try
        {
            var document = new ExtractedDocument { OcrLanguages = request.OcrLanguages };
            DocumentFormats.Read(request.Path, request.Extension, document);
            return new() { Content = TextAnalysis.Analyse(document, request.Extension) };
        }
        catch (UnreadableDocumentException reason)
        {
            return new() { Unreadable = reason.Message };
        }
        catch (Exception failure) when (failure.GetBaseException() is OutOfMemoryException or InsufficientExecutionStackException)
        {
            return new() { Unreadable = "The file needs more memory to read than a document may take.", IsLast = true };
        }
        catch (Exception) when (File.Exists(request.Path))
        {
            // A broken file takes a library to any exception there is, and its text would tell a person nothing.
            return new() { Unreadable = $"The file is broken, or is not a {request.Extension} file." };
        }
    }
}
