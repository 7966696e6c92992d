namespace Platform.AppHost.Parameters;

/// <summary>Files for secrets: mode 0600 from the moment they exist.</summary>
internal static class OwnerOnlyFile
{
    /// <summary>Writes the file, or what replaces it, to the disk.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }
}
