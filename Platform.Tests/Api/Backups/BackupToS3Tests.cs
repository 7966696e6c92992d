using System.Net;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api.Backups;

/// <summary>Backups to a server that speaks S3.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class BackupToS3Tests(ApiFixture api)
{
    [Fact]
    public async Task They_are_made_in_parts_restored_deleted_and_wait_for_the_server()
    {
        var server = new S3Server();
        await server.InitializeAsync();
        try
        {
            var url = $"s3+http://{S3Server.Account}:{S3Server.Account}@{new Uri(server.Url).Authority}/platform-backups";
            await using var backups = await BackupsUnderTest.StartAsync(api.Postgres, ("Backups__Url", url), ("Backups__Keep", "1,0,0"));
            await Uploads.UploadAsync(backups.Service, await Uploads.ContactAsync(backups.Service), "A text.");
            await backups.WhenProcessedAsync();
            // More than the size of a part of an upload.
            await backups.FillAsync(megabytes: 20);

            var backup = await backups.BackUpAsync();
            var list = await backups.GetAsync("/admin/backups");
            Assert.Equal($"s3+http://{new Uri(server.Url).Authority}/platform-backups", list.GetProperty("destination").GetString());
            Assert.True(backup.GetProperty("size").GetInt64() > 9_000_000, backup.ToString());
            var system = await backups.NewSystemAsync();
            await system.RestoreAsync("latest");
            Assert.Equal(await BackupsUnderTest.RowsAsync(backups.Database), await BackupsUnderTest.RowsAsync(system.Database));

            await ApiFixture.ExecuteAsync(backups.Database, "DELETE FROM analytics_events");
            var second = await backups.BackUpAsync();
            await ApiFixture.EventuallyAsync(
                async () => (await backups.GetAsync("/admin/backups")).GetProperty("items").GetArrayLength() == 1, "the first is deleted");
            await server.StopAsync();
            using (var started = await backups.SendAsync(HttpMethod.Post, "/admin/backups"))
            {
                await ApiFixture.ProblemAsync(started, 503);
            }
            var empty = await backups.NewSystemAsync();
            Assert.Contains("The destination of the backups", await empty.RefusesAsync("latest"), StringComparison.Ordinal);
            await server.StartAsync();
            using (var verified = await backups.SendAsync(HttpMethod.Post, $"/admin/backups/{second.GetProperty("name").GetString()}/verify"))
            {
                Assert.Equal(HttpStatusCode.OK, verified.StatusCode);
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }
}
