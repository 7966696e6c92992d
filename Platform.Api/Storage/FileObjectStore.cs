using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Storage;

/// <summary>
/// Objects as files of one folder, readable by its owner only. An object is written beside its place, forced to the disk and renamed, so
/// that it is there as a whole or not at all, whatever dies. <c>documents/0199…abcd</c> is <c>documents/cd/ab/0199…abcd</c>: ids that sort
/// by time have equal heads, and their tails spread over folders. The name of a file is that file.
/// </summary>
/// <param name="directory">Its path; with none the store is away.</param>
internal sealed class FileObjectStore(string directory) : IObjectStore
{
    // No key begins with a dot.
    private const string Staging = ".staging";
    private const UnixFileMode OwnerFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly string _root = directory.Length > 0 ? Path.GetFullPath(directory) : "";

    private string StagingFolder => Path.Combine(_root, Staging);

    public Task PrepareAsync(CancellationToken cancellationToken)
    {
        Try(() =>
        {
            // By itself: what is created on the way to a folder is open to others.
            CreateFolder(_root);
            CreateFolder(StagingFolder);
        });
        return Task.CompletedTask;
    }

    public async Task PutAsync(string key, Stream content, string contentType, CancellationToken cancellationToken)
    {
        var (folder, path) = Place(key);
        var staged = Path.Combine(StagingFolder, $"{StagedName(key)}{Guid.NewGuid():n}");
        var buffer = ArrayPool<byte>.Shared.Rent(ObjectStoreLimits.BufferSize);
        try
        {
            using (var file = Try(() => CreateFile(staged)))
            {
                var size = 0L;
                int read;
                // What reading throws is the client's, and passes.
                while ((read = await content.ReadAtLeastAsync(
                    buffer.AsMemory(0, ObjectStoreLimits.BufferSize), ObjectStoreLimits.BufferSize, throwOnEndOfStream: false, cancellationToken)) > 0)
                {
                    // Into the page cache: the thread would wait no shorter for another thread to do it.
                    Try(() => RandomAccess.Write(file, buffer.AsSpan(0, read), size));
                    size += read;
                }
                Try(() => RandomAccess.FlushToDisk(file));
            }
            cancellationToken.ThrowIfCancellationRequested();
            Try(() =>
            {
                CreateFolder(folder);
                File.Move(staged, path, overwrite: true);
                staged = path;
                FlushFolder(folder);
            });
        }
        catch
        {
            Remove(staged);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public Task<Stream> OpenAsync(string key, CancellationToken cancellationToken)
    {
        var (_, path) = Place(key);
        return Task.FromResult<Stream>(Try(() =>
        {
            try
            {
                // Whoever reads copies into a buffer of his own. A replacement or deletion meanwhile does not concern the reader.
                return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            }
            catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException && Directory.Exists(StagingFolder))
            {
                throw new ObjectNotFoundException(key);
            }
        }));
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        var (folder, path) = Place(key);
        Try(() =>
        {
            foreach (var staged in Directory.EnumerateFiles(StagingFolder, StagedName(key) + "*"))
            {
                File.Delete(staged);
            }
            if (File.Exists(path))
            {
                File.Delete(path);
                FlushFolder(folder);
            }
        });
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var listed = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        using var files = Try(() => Directory.Exists(StagingFolder)
            ? new DirectoryInfo(_root).EnumerateFiles("*", listed).GetEnumerator()
            : throw new DirectoryNotFoundException(StagingFolder));
        while (Try(files.MoveNext))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var file = files.Current;
            var parts = Path.GetRelativePath(_root, file.FullName).Split(Path.DirectorySeparatorChar);
            if (parts.Length is 1 or > 3 && parts[0] != Staging)
            {
                // Everything but the two folders that only spread the files.
                var key = parts.Length == 1 ? parts[0] : string.Join('/', [.. parts[..^3], parts[^1]]);
                // One that was deleted since it was found is none.
                if (key.StartsWith(prefix, StringComparison.Ordinal) && file.Exists)
                {
                    yield return new(key, file.Length, file.LastWriteTimeUtc);
                }
            }
        }
        await Task.CompletedTask;
    }

    public Uri? Presign(string key, string fileName, string contentType, TimeSpan lifetime) => null;

    private (string Folder, string Path) Place(string key)
    {
        ObjectStoreLimits.CheckKey(key);
        var parts = key.Split('/');
        var name = parts[^1];
        if (parts.Length == 1)
        {
            return (_root, Path.Combine(_root, name));
        }
        var tail = name.PadLeft(4, '0');
        var folder = Path.Combine([_root, .. parts[..^1], tail[^2..], tail[^4..^2]]);
        return (folder, Path.Combine(folder, name));
    }

    /// <summary>How the names of all files begin that are being written for the key.</summary>
    private static string StagedName(string key) => key.Replace('/', '.') + ".";

    private static SafeFileHandle CreateFile(string path)
    {
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        if (!OperatingSystem.IsWindows())
        {
            // The folder keeps others out; this keeps them out of what is moved elsewhere.
            File.SetUnixFileMode(file, OwnerFile);
        }
        return file;
    }

    /// <summary>Creates the folder and those above it, each durable before something is in it.</summary>
    private void CreateFolder(string folder)
    {
        if (_root.Length == 0)
        {
            throw new DirectoryNotFoundException("The folder is not set.");
        }
        if (Directory.Exists(folder))
        {
            return;
        }
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }
        Directory.CreateDirectory(folder, OwnerFolder);
        for (var above = Path.GetDirectoryName(folder); above?.Length >= _root.Length; above = Path.GetDirectoryName(above))
        {
            FlushFolder(above);
        }
    }

    /// <summary>
    /// Forces the names in the folder to the disk: without it, a renamed file may be gone after a power failure although its bytes are
    /// there. .NET opens no folders, so open(2) is called; its flag O_RDONLY is 0 everywhere. Windows has no such call and needs none.
    /// </summary>
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        using var handle = new SafeFileHandle(Open(folder, flags: 0), ownsHandle: true);
        if (handle.IsInvalid)
        {
            throw new IOException($"Cannot open {folder}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        RandomAccess.FlushToDisk(handle);
    }

    private static void Remove(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception away) when (away is IOException or UnauthorizedAccessException)
        {
            // The failure that led here is thrown on; whoever deletes the key deletes the file.
        }
    }

    private static void Try(Action action) => Try(() =>
    {
        action();
        return true;
    });

    /// <summary>A full disk, a folder that is gone, a broken disk: the store is away.</summary>
    private static T Try<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception away) when (away is IOException or UnauthorizedAccessException)
        {
            throw new ServiceUnavailableException(ObjectStoreLimits.Name, RetryAfter, away);
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
