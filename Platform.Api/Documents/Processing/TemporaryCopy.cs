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

    /// <summary>The folders of all copies on this machine, whoever works on them.</summary>
    public static string[] Folders() => Directory.GetDirectories(System.IO.Path.GetTempPath(), Prefix + "*");

    /// <summary>Deletes what somebody has left.</summary>
    public static void DeleteLeft(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception other) when (other is IOException or UnauthorizedAccessException)
        {
            // Another account's, or another instance is deleting it.
        }
    }
}
