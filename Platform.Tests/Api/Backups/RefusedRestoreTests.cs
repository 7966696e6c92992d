using System.Text.Json.Nodes;
using Platform.Api.Database;

namespace Platform.Tests.Api.Backups;

/// <summary>What cannot be restored is said in one line, and changes nothing.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class RefusedRestoreTests(ApiFixture api)
{
    [Fact]
    public async Task An_archive_that_is_not_what_was_written()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        await Uploads.UploadAsync(backups.Service, await Uploads.ContactAsync(backups.Service), "A text.");
        var path = backups.PathOf(await backups.BackUpAsync());
        var bytes = await File.ReadAllBytesAsync(path);
        var system = await backups.NewSystemAsync();

        await using (var file = new FileStream(path, FileMode.Open))
        {
            file.SetLength(bytes.Length - 200);
        }
        Assert.Contains("cut short", await system.RefusesAsync("latest"), StringComparison.Ordinal);
        await File.WriteAllBytesAsync(path, [.. bytes, 0]);
        Assert.Contains("checksum", await system.RefusesAsync("latest"), StringComparison.Ordinal);
        await File.WriteAllBytesAsync(path, bytes);
        var other = Path.Combine(backups.Folder, "platform-20261126T043000Z.tar.gz");
        File.Copy(path, other);
        Assert.Contains("under another name", await system.RefusesAsync(Path.GetFileName(other)), StringComparison.Ordinal);

        Assert.Contains(
            "newer version of Platform (1.0.0): schema 99",
            await system.RefusesAsync(Changed(manifest => manifest["schema"] = 99)),
            StringComparison.Ordinal);
        Assert.Contains(
            "contact_submissions has 1 rows, and should have 2",
            await system.RefusesAsync(Changed(manifest => Table(manifest, "contact_submissions")["rows"] = 2)), StringComparison.Ordinal);
        Assert.Contains(
            "objects are not those of its documents",
            await system.RefusesAsync(Changed(_ => { }, archive =>
            {
                var lost = archive.Entries.RemoveAll(entry => entry.Name.StartsWith("objects/", StringComparison.Ordinal));
                archive.Manifest["entries"]!.AsArray().RemoveAt(archive.Entries.Count);
                Assert.Equal(1, lost);
            })),
            StringComparison.Ordinal);
        Assert.Contains(
            "The database:",
            await system.RefusesAsync(
                Changed(manifest => Table(manifest, "contact_submissions")["columns"]![0] = "id\", name) FROM PROGRAM 'id' --")),
            StringComparison.Ordinal);
        Assert.Contains("There is no backup no-such-backup", await system.RefusesAsync("no-such-backup"), StringComparison.Ordinal);

        // And what is whole can still be restored.
        await system.RestoreAsync(path);
        Assert.Equal(1, await ApiFixture.QueryAsync<long>(system.Database, "SELECT count(*) FROM contact_submissions"));

        string Changed(Action<JsonNode> change, Action<ArchiveFile>? changeAll = null)
        {
            var archive = ArchiveFile.Read(path);
            change(archive.Manifest);
            changeAll?.Invoke(archive);
            var changed = Path.Combine(backups.Folder, "changed.tar.gz");
            File.WriteAllBytes(changed, archive.ToArray());
            return changed;
        }

        static JsonNode Table(JsonNode manifest, string name) =>
            manifest["tables"]!.AsArray().First(table => table!["name"]!.GetValue<string>() == name)!;
    }

    [Fact]
    public async Task One_whose_key_is_another_or_not_known()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres, ("Backups__EncryptionKey", BackupsUnderTest.EncryptionKey));
        await Uploads.ContactAsync(backups.Service);
        await backups.BackUpAsync();
        var system = await backups.NewSystemAsync();

        Assert.Contains(
            "another key", await system.RefusesAsync("latest", ("Backups__EncryptionKey", new string('x', 40))), StringComparison.Ordinal);
        Assert.Contains(
            "Backups:EncryptionKey is not set", await system.RefusesAsync("latest", ("Backups__EncryptionKey", "")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_system_that_is_not_empty_and_one_that_was_only_started_is()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        var contact = await Uploads.ContactAsync(backups.Service);
        await Uploads.UploadAsync(backups.Service, contact, "A text.");
        await Uploads.UploadAsync(backups.Service, contact, "Another text.");
        await backups.WhenProcessedAsync();
        var path = backups.PathOf(await backups.BackUpAsync());
        // As an older version made it: the table of the backups is in no archive.
        var older = ArchiveFile.Read(path);
        older.Manifest["schema"] = 4;
        await File.WriteAllBytesAsync(path + ".older.tar.gz", older.ToArray());
        var system = await backups.NewSystemAsync();
        await using (var service = await system.StartServiceAsync())
        {
            await ApiFixture.SubmitAsync(service, ApiFixture.Submission());
        }

        Assert.Contains("contact_submissions has rows", await system.RefusesAsync(path), StringComparison.Ordinal);
        await ApiFixture.ExecuteAsync(system.Database, "DELETE FROM contact_submissions");
        var foreign = Path.Combine(system.Objects, "documents", "00", "00", new string('0', 32));
        Directory.CreateDirectory(Path.GetDirectoryName(foreign)!);
        await File.WriteAllTextAsync(foreign, "somebody's");
        Assert.Contains("object store is not empty", await system.RefusesAsync(path), StringComparison.Ordinal);
        File.Delete(foreign);
        await ApiFixture.ExecuteAsync(system.Database, "CREATE TABLE somebodys (id int); INSERT INTO somebodys VALUES (1)");
        Assert.Contains("somebodys has rows", await system.RefusesAsync(path), StringComparison.Ordinal);
        await ApiFixture.ExecuteAsync(system.Database, "DROP TABLE somebodys");
        // A restore that died has left one of the objects, and not all of it.
        var objects = Directory.GetFiles(backups.Objects, "*", SearchOption.AllDirectories);
        var left = Path.Combine(system.Objects, Path.GetRelativePath(backups.Objects, objects[0]));
        Directory.CreateDirectory(Path.GetDirectoryName(left)!);
        await File.WriteAllTextAsync(left, "half");

        await system.RestoreAsync(path + ".older.tar.gz");

        Assert.Equal(await BackupsUnderTest.RowsAsync(backups.Database), await BackupsUnderTest.RowsAsync(system.Database));
        Assert.Equal(Migration.Embedded.Count, await ApiFixture.QueryAsync<int>(system.Database, "SELECT count(*) FROM schema_migrations"));
        foreach (var file in objects)
        {
            Assert.Equal(
                await File.ReadAllBytesAsync(file),
                await File.ReadAllBytesAsync(Path.Combine(system.Objects, Path.GetRelativePath(backups.Objects, file))));
        }
        Assert.Contains("contact_submissions has rows", await system.RefusesAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_verifies_without_restoring()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        await Uploads.ContactAsync(backups.Service);
        var path = backups.PathOf(await backups.BackUpAsync());
        var system = await backups.NewSystemAsync();

        var (exitCode, output, _) = await system.RunAsync("--verify", "latest");
        Assert.Equal(0, exitCode);
        Assert.Contains("is whole: 1 contacts and 0 documents", output, StringComparison.Ordinal);
        await using (var file = new FileStream(path, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }
        (exitCode, _, var error) = await system.RunAsync("--verify", path);
        Assert.Equal(1, exitCode);
        Assert.Contains("cut short", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_settings_of_the_service_the_program_says_which_one_is_missing()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        var system = await backups.NewSystemAsync();

        foreach (var command in (string[])["--verify", "--restore"])
        {
            var (exitCode, _, error) = await system.RunAsync(command, "latest", ("ConnectionStrings__platformdb", ""));
            Assert.Equal(1, exitCode);
            Assert.Contains("ConnectionStrings__platformdb", Assert.Single(error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        }
    }
}
