using System.Security.Cryptography;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>What every object store does.</summary>
public abstract class StorageContract
{
    private protected abstract IObjectStore Store { get; }

    /// <summary>Requests that the server takes at one time.</summary>
    private protected virtual int Parallel => 8;

    [Fact]
    public async Task What_is_put_is_got_whole_and_in_parts()
    {
        var (key, bytes) = await PutAsync(100_000);

        await using var opened = await Store.OpenAsync(key, CancellationToken.None);
        Assert.Equal(bytes.Length, opened.Length);
        Assert.Equal(bytes, await ReadAsync(opened));
        foreach (var (from, count) in new[] { (99_990, 100), (5, 20), (5, 20), (50_000, 1), (0, 100_000) })
        {
            opened.Seek(from, SeekOrigin.Begin);
            var part = new byte[count];
            var read = await opened.ReadAtLeastAsync(part, count, throwOnEndOfStream: false);
            Assert.Equal(bytes.Skip(from).Take(count), part.Take(read));
        }
        opened.Seek(0, SeekOrigin.End);
        Assert.Equal(0, await opened.ReadAsync(new byte[1]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(S3ObjectStore.PartSize - 1)]
    [InlineData(S3ObjectStore.PartSize)]
    [InlineData((3 * S3ObjectStore.PartSize) + 7)]
    public async Task Objects_of_every_size_come_back_as_they_went(int size)
    {
        var (key, bytes) = await PutAsync(size);

        await using var opened = await Store.OpenAsync(key, CancellationToken.None);
        Assert.Equal(SHA256.HashData(bytes), await SHA256.HashDataAsync(opened));
    }

    [Fact]
    public async Task A_second_put_replaces_the_first()
    {
        var (key, _) = await PutAsync(1000);
        await Store.PutAsync(key, new MemoryStream("second"u8.ToArray()), "text/plain", CancellationToken.None);

        await using var opened = await Store.OpenAsync(key, CancellationToken.None);
        Assert.Equal("second"u8.ToArray(), await ReadAsync(opened));
    }

    [Fact]
    public async Task What_is_deleted_is_gone_and_to_delete_it_again_is_no_error()
    {
        var (key, _) = await PutAsync(10);

        await Store.DeleteAsync(key, CancellationToken.None);
        await Store.DeleteAsync(key, CancellationToken.None);

        await Assert.ThrowsAsync<ObjectNotFoundException>(() => Store.OpenAsync(key, CancellationToken.None));
    }

    [Fact, Trait("Defect", "D15")]
    public async Task A_list_has_everything_below_its_prefix_and_nothing_else()
    {
        var folder = $"list-{Guid.NewGuid():n}";
        var keys = Enumerable.Range(0, 1100).Select(number => $"{folder}/{number:d5}").ToList();
        await System.Threading.Tasks.Parallel.ForEachAsync(keys, new ParallelOptions { MaxDegreeOfParallelism = Parallel }, async (key, cancellationToken) =>
            await Store.PutAsync(key, new MemoryStream([1, 2, 3]), "text/plain", cancellationToken));
        await Store.PutAsync($"{folder}-other/00001", new MemoryStream([1]), "text/plain", CancellationToken.None);

        var found = await ListAsync($"{folder}/");

        Assert.Equal(keys, found.Select(item => item.Key).Order());
        Assert.All(found, item => Assert.Equal(3, item.Size));
        Assert.All(found, item => Assert.InRange(item.LastModified, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5)));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(S3ObjectStore.PartSize * 2)]
    public async Task An_interrupted_put_leaves_nothing(int size)
    {
        var folder = $"interrupted-{Guid.NewGuid():n}";

        await Assert.ThrowsAsync<InvalidDataException>(() =>
            Store.PutAsync($"{folder}/0001", new BrokenStream(size), "text/plain", CancellationToken.None));

        await Assert.ThrowsAsync<ObjectNotFoundException>(() => Store.OpenAsync($"{folder}/0001", CancellationToken.None));
        Assert.Empty(await ListAsync(folder + "/"));
    }

    [Fact]
    public async Task To_prepare_twice_is_to_prepare_once()
    {
        var (key, _) = await PutAsync(10);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Store.PrepareAsync(CancellationToken.None)));

        await using var opened = await Store.OpenAsync(key, CancellationToken.None);
        Assert.Equal(10, opened.Length);
    }

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("documents/../../x")]
    [InlineData("/documents/x")]
    [InlineData("documents/")]
    [InlineData("documents\\x")]
    [InlineData("documents/x\n")]
    [InlineData("documents/X")]
    [InlineData("")]
    public async Task A_key_that_could_lead_elsewhere_is_refused(string key)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Store.PutAsync(key, Stream.Null, "text/plain", CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.OpenAsync(key, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.DeleteAsync(key, CancellationToken.None));
    }

    private protected async Task<(string Key, byte[] Bytes)> PutAsync(int size)
    {
        var key = $"documents/{Guid.CreateVersion7():n}";
        var bytes = RandomNumberGenerator.GetBytes(size);
        await Store.PutAsync(key, new MemoryStream(bytes), "application/octet-stream", CancellationToken.None);
        return (key, bytes);
    }

    private protected async Task<List<StoredObject>> ListAsync(string prefix)
    {
        var found = new List<StoredObject>();
        await foreach (var item in Store.ListAsync(prefix, CancellationToken.None))
        {
            found.Add(item);
        }
        return found;
    }

    private protected static async Task<byte[]> ReadAsync(Stream stream)
    {
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    /// <summary>A client that is gone after so many bytes.</summary>
    private protected sealed class BrokenStream(long size) : MemoryStream
    {
        private long _left = size;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0)
            {
                throw new InvalidDataException("gone");
            }
            var read = (int)Math.Min(buffer.Length, _left);
            _left -= read;
            return ValueTask.FromResult(read);
        }
    }
}

public sealed class FileStorageTests : StorageContract, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("platform-test-objects-").FullName;
    private readonly FileObjectStore _store;

    public FileStorageTests()
    {
        _store = At(_root);
        _store.PrepareAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

    private protected override IObjectStore Store => _store;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Files_are_the_owners_alone_and_spread_by_the_tails_of_their_keys()
    {
        var (key, _) = await PutAsync(10);
        var name = key["documents/".Length..];

        var path = Path.Combine(_root, "documents", name[^2..], name[^4..^2], name);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
        Assert.Empty(Directory.GetFiles(Path.Combine(_root, ".staging")));
    }

    [Fact]
    public async Task A_missing_folder_is_a_store_that_is_away()
    {
        var (key, _) = await PutAsync(10);
        Directory.Move(_root, _root + "-away");
        try
        {
            await AssertAwayAsync(_store, key);
        }
        finally
        {
            Directory.Move(_root + "-away", _root);
        }
        await AssertAwayAsync(At(""), key);
        await Assert.ThrowsAsync<ServiceUnavailableException>(() => At("").PrepareAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_full_disk_is_a_store_that_is_away_and_nothing_stays()
    {
        var root = Path.Combine("/dev/shm", $"platform-test-{Guid.NewGuid():n}");
        Directory.CreateDirectory(root);
        using var mount = System.Diagnostics.Process.Start("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", root]);
        await mount.WaitForExitAsync();
        try
        {
            if (mount.ExitCode != 0)
            {
                // Only who may mount can make a small disk; CI may, and must not pass without.
                Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
                return;
            }
            var store = At(root);
            await store.PrepareAsync(CancellationToken.None);

            await Assert.ThrowsAsync<ServiceUnavailableException>(() =>
                store.PutAsync("documents/0001", new MemoryStream(new byte[3_000_000]), "text/plain", CancellationToken.None));

            Assert.Empty(Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories));
            await store.PutAsync("documents/0001", new MemoryStream(new byte[300_000]), "text/plain", CancellationToken.None);
        }
        finally
        {
            using var unmount = System.Diagnostics.Process.Start("umount", [root]);
            await unmount.WaitForExitAsync();
            Directory.Delete(root);
        }
    }

    [Fact]
    public async Task To_delete_a_key_deletes_what_a_put_that_died_left()
    {
        var left = Path.Combine(_root, ".staging", $"documents.0001.{Guid.NewGuid():n}");
        await File.WriteAllTextAsync(left, "half");
        var other = Path.Combine(_root, ".staging", $"documents.00012.{Guid.NewGuid():n}");
        await File.WriteAllTextAsync(other, "half");

        await Store.DeleteAsync("documents/0001", CancellationToken.None);

        Assert.False(File.Exists(left));
        Assert.True(File.Exists(other));
    }

    private static FileObjectStore At(string root) => new(root);

    private static async Task AssertAwayAsync(FileObjectStore store, string key)
    {
        var away = await Assert.ThrowsAsync<ServiceUnavailableException>(() =>
            store.PutAsync(key, new MemoryStream([1]), "text/plain", CancellationToken.None));
        Assert.Equal("object store", away.Dependency);
        await Assert.ThrowsAsync<ServiceUnavailableException>(() => store.OpenAsync(key, CancellationToken.None));
        await Assert.ThrowsAsync<ServiceUnavailableException>(() => store.DeleteAsync(key, CancellationToken.None));
        await Assert.ThrowsAsync<ServiceUnavailableException>(async () => await store.ListAsync("documents/", CancellationToken.None).ToListAsync());
    }
}

public sealed class S3StorageTests(S3Server server) : StorageContract, IClassFixture<S3Server>, IAsyncLifetime
{
    private S3ObjectStore _store = null!;

    private protected override IObjectStore Store => _store;

    // s3rver trips over itself when it creates one folder twice at once.
    private protected override int Parallel => 1;

    public async Task InitializeAsync()
    {
        _store = Of(server);
        await _store.PrepareAsync(CancellationToken.None);
    }

    public Task DisposeAsync()
    {
        _store.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task An_address_lets_a_browser_fetch_the_object_under_its_name()
    {
        var (key, bytes) = await PutAsync(1000);
        Assert.Null(_store.Presign(key, "a.pdf", "application/pdf", TimeSpan.FromMinutes(1)));

        using var reachable = Of(server, publicEndpoint: server.Url);
        var address = reachable.Presign(key, "Größe.pdf", "application/pdf", TimeSpan.FromMinutes(1))!;
        using var client = new HttpClient();
        using var answer = await client.GetAsync(address);

        Assert.Equal(bytes, await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync());
        Assert.Equal("application/pdf", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("Größe.pdf", answer.Content.Headers.ContentDisposition?.FileNameStar);
    }

    [Fact]
    public async Task A_store_that_is_stopped_is_away_within_seconds_and_works_again_when_it_is_back()
    {
        var other = new S3Server();
        await other.InitializeAsync();
        try
        {
            using var store = Of(other);
            await store.PrepareAsync(CancellationToken.None);
            await other.StopAsync();

            await AssertAwayAsync(() => store.PutAsync("documents/0001", new MemoryStream([1]), "text/plain", CancellationToken.None));
            await AssertAwayAsync(() => store.PutAsync(
                "documents/0001", new MemoryStream(new byte[S3ObjectStore.PartSize * 2]), "text/plain", CancellationToken.None));
            await AssertAwayAsync(() => store.OpenAsync("documents/0001", CancellationToken.None));
            await AssertAwayAsync(() => store.DeleteAsync("documents/0001", CancellationToken.None));
            await AssertAwayAsync(() => store.PrepareAsync(CancellationToken.None));

            await other.StartAsync();
            await store.PrepareAsync(CancellationToken.None);
            await store.PutAsync("documents/0001", new MemoryStream([1]), "text/plain", CancellationToken.None);
        }
        finally
        {
            await other.DisposeAsync();
        }
    }

    private static async Task AssertAwayAsync(Func<Task> action)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var away = await Assert.ThrowsAsync<ServiceUnavailableException>(action);
        Assert.Equal("object store", away.Dependency);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
    }

    private static S3ObjectStore Of(S3Server server, string? publicEndpoint = null) => new(
        new() { PublicEndpoint = publicEndpoint }, server.ConnectionString);
}
