using System.Text;
using Platform.Api.Documents.Extraction.Worker;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.pdf, read by poppler's pdftotext and pdfinfo, each in a process with limits.</summary>
internal static class Pdf
{
    /// <summary>MiB and seconds of processor time: books of a thousand pages take a tenth of it.</summary>
    private static readonly (int Megabytes, int Seconds) Limits = (768, 20);

    private const int MaxTextBytes = 8 * 1024 * 1024;
    private const int MaxInfoBytes = 64 * 1024;

    private static readonly Dictionary<string, string> Described = new()
    {
        ["Title"] = "title",
        ["Subject"] = "subject",
        ["Keywords"] = "keywords",
        ["Author"] = "author",
        ["Creator"] = "creator",
        ["Producer"] = "producer",
        ["CreationDate"] = "created",
        ["ModDate"] = "modified",
        ["Pages"] = "pages",
        ["Page size"] = "page_size",
        ["PDF version"] = "version",
    };

    public static void Read(string path, ExtractedDocument document)
    {
        if (!HasSignature(path))
        {
            throw new UnreadableDocumentException("The file is not a PDF.");
        }
        if (ExternalProgram.Find("pdftotext") is not { } textProgram)
        {
            document.Note = "PDF text needs pdftotext (poppler-utils), which is not installed.";
            return;
        }

        var result = ExternalProgram.Run(textProgram, ["-enc", "UTF-8", "-q", "-nopgbrk", path, "-"], Limits, MaxTextBytes);
        if (result.ExitCode != 0 && !result.IsCut)
        {
            throw new UnreadableDocumentException(Explain(textProgram, path, result));
        }

        if (result.IsCut)
        {
            document.Truncate();
        }

        if (ExternalProgram.Find("pdfinfo") is { } infoProgram)
        {
            Describe(ExternalProgram.Run(infoProgram, ["-enc", "UTF-8", "-isodates", path], Limits, MaxInfoBytes).Output, document);
        }

        document.Append(Encoding.UTF8.GetString(result.Output));
        if (string.IsNullOrWhiteSpace(document.ToString()))
        {
            document.Note = "The PDF has no text in it; its pages may be pictures.";
        }
    }

    private static string Explain(string program, string path, ExternalProgram.Result result)
    {
        if (result.IsTooLate)
        {
            return "The PDF took too long to read.";
        }

        // What went wrong is said only without -q.
        var errors = result.Errors.Length > 0 ? result.Errors : ExternalProgram.Run(program, ["-l", "1", path, "-"], Limits, MaxInfoBytes).Errors;
        return errors.Contains("password", StringComparison.OrdinalIgnoreCase) ? "The PDF is protected by a password."
            : errors.Contains("memory", StringComparison.OrdinalIgnoreCase) || errors.Contains("bad_alloc", StringComparison.Ordinal)
                ? "The PDF needs more memory to read than a document may take."
            : result.ExitCode == 3 ? "The PDF does not permit its text to be read."
            : "The PDF is broken.";
    }

    private static void Describe(byte[] info, ExtractedDocument document)
    {
        foreach (var line in Encoding.UTF8.GetString(info).Split('\n'))
        {
            if (line.Split(':', 2) is [var name, var value] && Described.TryGetValue(name, out var property))
            {
                document.Describe(property, value);
            }
        }
    }

    /// <summary>Readers allow it anywhere in the first kilobyte.</summary>
    private static bool HasSignature(string path)
    {
        using var file = File.OpenRead(path);
        var beginning = new byte[1024];
        var length = file.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false);
        return beginning.AsSpan(0, length).IndexOf("%PDF-"u8) >= 0;
    }
}
