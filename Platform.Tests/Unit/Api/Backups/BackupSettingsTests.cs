using System.ComponentModel.DataAnnotations;
using Platform.Api.Backups;

namespace Platform.Tests.Unit.Api.Backups;

/// <summary>The settings of backups, and the names of archives.</summary>
public sealed class BackupSettingsTests
{
    [Theory]
    [InlineData("/var/backups/platform", "/var/backups/platform")]
    [InlineData("/var/backups/../platform", "/var/platform")]
    [InlineData("s3://key:sec%2Fret@s3.example.org/bucket", "s3://s3.example.org/bucket")]
    [InlineData("s3://key:secret@s3.example.org:9000/bucket?region=eu-west-1", "s3://s3.example.org:9000/bucket")]
    [InlineData("s3+http://key:secret@minio:9000/platform-backups/", "s3+http://minio:9000/platform-backups")]
    public void A_destination_is_a_folder_or_a_bucket_and_is_shown_without_its_secret(string url, string shown)
    {
        Assert.Empty(Mistakes(new() { Url = url }));
        using var destination = BackupDestination.Create(url);
        Assert.Equal(shown, destination.Description);
    }

    [Theory]
    [InlineData("backups")]
    [InlineData("../backups")]
    [InlineData("s3://s3.example.org/bucket")]
    [InlineData("s3://key@s3.example.org/bucket")]
    [InlineData("s3://key:secret@s3.example.org")]
    [InlineData("s3://key:secret@s3.example.org/bucket/folder")]
    [InlineData("s3://key:secret@s3.example.org/bucket?acl=public-read")]
    [InlineData("https://key:secret@s3.example.org/bucket")]
    public void Anything_else_is_a_mistake_that_is_told_without_the_secret(string url) =>
        Assert.DoesNotContain("secret", Assert.Single(Mistakes(new() { Url = url })), StringComparison.Ordinal);

    [Theory]
    [InlineData("s3+http://minio:9000/archives?region=us-east-1", "s3+http://us%3Aer:sec%2Fret@minio:9000/archives?region=us-east-1")]
    [InlineData("s3+http://other:secret@minio:9000/archives", "s3+http://other:secret@minio:9000/archives")]
    [InlineData("s3+http://minio:9001/archives", "s3+http://minio:9001/archives")]
    [InlineData("s3://s3.example.org/archives", "s3://s3.example.org/archives")]
    [InlineData("/var/backups/platform", "/var/backups/platform")]
    [InlineData("", "")]
    public void A_bucket_of_the_server_that_has_the_objects_is_opened_with_its_keys_and_no_other_is(string url, string opened)
    {
        Assert.Equal(opened, BackupDestination.WithKeys(url, "Endpoint=http://minio:9000;AccessKey=us:er;SecretKey=sec/ret"));
        Assert.Equal(url, BackupDestination.WithKeys(url, objects: null));
    }

    [Fact]
    public void A_short_key_and_a_retention_that_cannot_be_read_are_mistakes()
    {
        Assert.Single(Mistakes(new() { EncryptionKey = new string('k', 31) }));
        Assert.Single(Mistakes(new() { Keep = "all" }));
        Assert.Single(Mistakes(new() { Interval = TimeSpan.FromSeconds(-1) }));
        Assert.Empty(Mistakes(new() { EncryptionKey = new string('k', 32) }));
        Assert.Empty(Mistakes(new() { EncryptionKey = "" }));
    }

    [Theory]
    [InlineData("platform-20261126T043000Z.tar.gz", false)]
    [InlineData("platform-20261126T043000Z.tar.gz.aes", true)]
    public void The_name_of_an_archive_says_when_and_how_it_was_made(string text, bool isEncrypted)
    {
        Assert.True(ArchiveName.TryParse(text, out var name));
        Assert.Equal(new ArchiveName(new(2026, 11, 26, 4, 30, 0, DateTimeKind.Utc), isEncrypted), name);
        Assert.Equal(DateTimeKind.Utc, name.CreatedAt.Kind);
        Assert.Equal(text, name.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("platform-20261126T043000Z.tar.gz.sha256")]
    [InlineData("platform-20261326T043000Z.tar.gz")]
    [InlineData("../platform-20261126T043000Z.tar.gz")]
    [InlineData("platform-20261126T043000Z.zip")]
    public void Other_names_are_none(string text) => Assert.False(ArchiveName.TryParse(text, out _));

    private static List<string> Mistakes(BackupOptions options)
    {
        var mistakes = new List<ValidationResult>();
        Validator.TryValidateObject(options, new(options), mistakes, validateAllProperties: true);
        return mistakes.ConvertAll(mistake => mistake.ErrorMessage!);
    }
}
