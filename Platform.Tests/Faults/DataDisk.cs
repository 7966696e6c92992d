using System.Diagnostics;
using System.Globalization;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Faults;

/// <summary>
/// A small disk: an ext4 file system in a file, mounted on a folder of its own, which can be filled up and made slow; where there are no loop
/// devices one in memory, which can be filled up. It takes an administrator to mount it; CI is one.
/// </summary>
internal sealed class DataDisk
{
    private const long Bytes = 768 * 1024 * 1024;

    private readonly string _image;

    private bool _isInMemory;

    private DataDisk(string image, string folder)
    {
        _image = image;
        Folder = folder;
    }

    /// <summary>Where it is mounted.</summary>
    public string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

    /// <summary>A new, empty disk; null where it cannot be mounted, or what is needed for it is missing.</summary>
    public static async Task<DataDisk?> MountAsync()
    {
        if (!Environment.IsPrivilegedProcess || !Programs.AreThere("mkfs.ext4", "mount", "fallocate"))
        {
            Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
            return null;
        }

        var disk = new DataDisk(Path.GetTempFileName(), Directory.CreateTempSubdirectory("platform-test-disk-").FullName);
        await using (var image = File.OpenWrite(disk._image))
        {
            image.SetLength(Bytes);
        }

        // Nothing is kept for the administrator, so that full is full for everybody.
        await RunAsync("mkfs.ext4", "-q", "-m", "0", disk._image);
        if (await TryRunAsync("mount", "-o", "loop", disk._image, disk.Folder) is not null)
        {
            disk._isInMemory = true;
            await RunAsync("mount", "-t", "tmpfs", "-o", $"size={Bytes}", "platform-test", disk.Folder);
        }

        return disk;
    }

    /// <summary>Leaves not a byte.</summary>
    public async Task FillAsync()
    {
        // Most of it at once; somebody may take some of the rest meanwhile.
        var most = new DriveInfo(Folder).AvailableFreeSpace - (16 * 1024 * 1024);
        await RunAsync("fallocate", "-l", most.ToString(CultureInfo.InvariantCulture), Filler);
        await using var rest = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var size in (int[])[1024 * 1024, 4096, 1])
        {
            try
            {
                while (true)
                {
                    await rest.WriteAsync(new byte[size]);
                }
            }
            catch (IOException)
            {
                // So much does not fit any more.
            }
        }
    }

    /// <summary>Makes room again.</summary>
    public void Free() => File.Delete(Filler);

    /// <summary>
    /// Has the kernel let only so many writes a second through to it (blkio of cgroup v1, which the processes of the graph are in as this
    /// one is). False where there is no such limit.
    /// </summary>
    /// <param name="writesPerSecond">0 for as many as there are.</param>
    public async Task<bool> ThrottleAsync(int writesPerSecond)
    {
        var group = (await File.ReadAllLinesAsync("/proc/self/cgroup")).Select(line => line.Split(':', 3))
            .FirstOrDefault(fields => fields[1].Split(',').Contains("blkio"));
        var limit = $"/sys/fs/cgroup/blkio{group?[2]}/blkio.throttle.write_iops_device";
        if (_isInMemory || !File.Exists(limit))
        {
            return false;
        }

        // id parent major:minor root folder ...
        var device = (await File.ReadAllLinesAsync("/proc/self/mountinfo")).Select(line => line.Split(' ')).Single(mount => mount[4] == Folder)[2];
        await File.WriteAllTextAsync(limit, $"{device} {writesPerSecond.ToString(CultureInfo.InvariantCulture)}\n");
        return true;
    }

    public async Task UnmountAsync()
    {
        await RunAsync("umount", Folder);
        Directory.Delete(Folder);
        File.Delete(_image);
    }

    private static async Task RunAsync(string program, params string[] arguments) => Assert.Null(await TryRunAsync(program, arguments));

    /// <summary>Why it failed; null when it did not.</summary>
    private static async Task<string?> TryRunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? null : $"{program}: {error}";
    }
}
