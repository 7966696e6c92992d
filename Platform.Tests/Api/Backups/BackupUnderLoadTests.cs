using System.Collections.Concurrent;
using System.Net;

namespace Platform.Tests.Api.Backups;

/// <summary>A backup of a system that is being written to is one of its states, and has everything that was acknowledged before it.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class BackupUnderLoadTests(ApiFixture api)
{
    [Fact]
    public async Task It_restores_to_a_state_that_the_system_was_in()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        var service = backups.Service;
        var first = await Uploads.ContactAsync(service);
        var (contacts, documents) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        using var stop = new CancellationTokenSource();
        Task[] writers =
        [
            WriteAsync(async number => contacts.Enqueue(await Uploads.ContactAsync(service))),
            WriteAsync(async number => documents.Enqueue(
                (await Uploads.UploadAsync(service, first, $"The text {number}.")).GetProperty("document_id").GetString()!)),
            // Documents that come and go for good, with their objects.
            WriteAsync(async number =>
            {
                var id = (await Uploads.UploadAsync(service, first, $"To be thrown away {number}.")).GetProperty("document_id").GetString();
                foreach (var query in (string[])["", "?purge=true"])
                {
                    using var deleted = await backups.SendAsync(HttpMethod.Delete, $"/documents/{id}{query}");
                    Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
                }
            }),
        ];
        await ApiFixture.EventuallyAsync(() => Task.FromResult(contacts.Count > 20 && documents.Count > 20), "writing is under way", 60);

        var (knownContacts, knownDocuments) = (contacts.ToArray(), documents.ToArray());
        await backups.BackUpAsync();
        await stop.CancelAsync();
        await Task.WhenAll(writers);

        var system = await backups.NewSystemAsync();
        // It compares rows, objects and checksums itself.
        await system.RestoreAsync("latest");
        Assert.Equal(
            knownContacts.Length,
            await CountAsync($"contact_submissions WHERE id IN ('{string.Join("','", knownContacts)}')"));
        Assert.Equal(
            knownDocuments.Length,
            await CountAsync($"documents WHERE id IN ('{string.Join("','", knownDocuments)}')"));
        Assert.Equal(
            await CountAsync("contact_submissions"),
            await ApiFixture.QueryAsync<long>(system.Database, "SELECT count FROM website_visitors"));
        Assert.Equal(
            await CountAsync("documents"),
            await CountAsync("audit_log WHERE action = 'document.uploaded'") - await CountAsync("audit_log WHERE action = 'document.purged'"));
        Assert.Equal(0, await CountAsync("""
            documents WHERE processing_status IN ('pending', 'processing') AND deleted_at IS NULL AND NOT EXISTS (
                SELECT FROM document_tasks WHERE document_id = documents.id AND state IN ('queued', 'running'))
            """));
        Assert.Equal(
            await CountAsync("documents"), Directory.GetFiles(system.Objects, "*", SearchOption.AllDirectories).Length);

        // And it goes on from there.
        await using var restored = await system.StartServiceAsync();
        await ApiFixture.EventuallyAsync(
            async () => await CountAsync("document_tasks WHERE state IN ('queued', 'running')") == 0, "the work that was left is done", 90);
        Assert.Equal(0, await CountAsync("documents WHERE processing_status <> 'completed' AND deleted_at IS NULL"));

        Task<long> CountAsync(string rows) => ApiFixture.QueryAsync<long>(system.Database, $"SELECT count(*) FROM {rows}");

        async Task WriteAsync(Func<int, Task> write)
        {
            for (var number = 0; !stop.IsCancellationRequested; number++)
            {
                await write(number);
            }
        }
    }
}
