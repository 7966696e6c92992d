namespace Platform.Tests.Fixtures;

/// <summary>Where things are in the clone that the tests run in.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = Find();

    /// <summary>Where programs from npm are installed, once for the AppHost and the tests.</summary>
    public static string ToolsDirectory { get; } = Path.Combine(Root, ".platform", "tools");

    /// <summary>The built assembly of a project, in the configuration that the tests were built in.</summary>
    public static string Assembly(string project) =>
        Path.Combine(AppContext.BaseDirectory.Replace("Platform.Tests", project, StringComparison.Ordinal), project + ".dll");

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Platform.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside of a clone.");
    }
}
