namespace Platform.Tests.Fixtures;

/// <summary>Programs of this machine that some tests need, and that a developer's machine may lack.</summary>
internal static class Programs
{
    /// <summary>Whether all of them are on PATH. CI has to have them.</summary>
    public static bool AreThere(params string[] programs)
    {
        var folders = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator);
        var missing = programs.Where(program => !folders.Any(folder => File.Exists(Path.Combine(folder, program)))).ToArray();
        Assert.True(
            missing.Length == 0 || Environment.GetEnvironmentVariable("CI") is not "true", $"CI has to have {string.Join(", ", missing)}.");
        return missing.Length == 0;
    }
}
