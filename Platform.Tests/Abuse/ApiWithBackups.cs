using Platform.Tests.Api;

namespace Platform.Tests.Abuse;

/// <summary>An API that makes a backup when somebody asks for one.</summary>
public sealed class ApiWithBackups : ApiFixture
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("platform-test-backups-");

    protected override (string Name, string Value)[] Environment => [("Backups__Url", _folder.FullName), ("Backups__Interval", "00:00:00")];

    /// <summary>Copies an archive, as if there were an old one, and returns the name of that.</summary>
    public string CopyOf(string archive)
    {
        const string Old = "platform-20200101T000000Z.tar.gz";
        File.Copy(Path.Combine(_folder.FullName, archive), Path.Combine(_folder.FullName, Old), overwrite: true);
        return Old;
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
