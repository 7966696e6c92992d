namespace Platform.Tools;

/// <summary>Where programs of this machine are.</summary>
internal static class ProgramPath
{
    /// <summary>The full path of a program that is in one of the folders of <c>PATH</c>; null where it is in none.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathFullyQualified)
            .Select(directory => Path.Combine(directory, program))
            .FirstOrDefault(File.Exists);
}
