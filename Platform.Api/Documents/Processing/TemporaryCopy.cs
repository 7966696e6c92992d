namespace Platform.Api.Documents.Processing;

/// <summary>
/// A place for the copy of a document that its reader can seek in, in a folder that only this account may enter. It is deleted with this
/// object; what a process that was killed has left, by whoever sweeps.
/// </summary>
internal sealed class TemporaryCopy : IDisposable
{
    private const string Prefix = "platform-document-";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory(Prefix);

    public TemporaryCopy(string extension) => Path = System.IO.Path.Combine(_folder.FullName, $"document{extension}");

    public string Path { get; }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Deletes copies from before the time, which nobody works on any more.</summary>
    public static void DeleteLeft(DateTime before)
    {
        foreach (var folder in new DirectoryInfo(System.IO.Path.GetTempPath()).EnumerateDirectories(Prefix + "*"))
        {
            try
            {
                if (folder.LastWriteTimeUtc < before)
                {
                    folder.Delete(recursive: true);
                }
            }
            catch (Exception other) when (other is IOException or UnauthorizedAccessException)
            {
                // Another account's, or another instance is deleting it.
            }
        }
    }
}
