namespace Platform.Api.Documents.Processing;

/// <summary>
/// A place for the copy of a document that its reader can seek in, in a folder that only this account may enter. It is deleted with this
/// object; what a process that was killed has left, by whoever sweeps. Who works on it holds a lock, which ends with the process.
/// </summary>
internal sealed class TemporaryCopy : IDisposable
{
    private const string Prefix = "platform-document-";

    private const string Lock = "lock";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory(Prefix);
    private readonly FileStream _lock;

    public TemporaryCopy(string extension)
    {
        Path = System.IO.Path.Combine(_folder.FullName, $"document{extension}");
        _lock = Take(_folder);
    }

    public string Path { get; }

    public void Dispose()
    {
        _lock.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>Deletes copies from before the time that nobody works on any more. The clock may have jumped since.</summary>
    public static void DeleteLeft(DateTime before)
    {
        foreach (var folder in new DirectoryInfo(System.IO.Path.GetTempPath()).EnumerateDirectories(Prefix + "*"))
        {
            try
            {
                if (folder.LastWriteTimeUtc < before)
                {
                    Take(folder).Dispose();
                    folder.Delete(recursive: true);
                }
            }
            catch (Exception other) when (other is IOException or UnauthorizedAccessException)
            {
                // Another account's, or somebody works on it, or another instance is deleting it.
            }
        }
    }

    private static FileStream Take(DirectoryInfo folder) =>
        new(System.IO.Path.Combine(folder.FullName, Lock), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
}
