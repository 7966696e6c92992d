namespace Platform.Tools;

/// <summary>A program could not be had from npm. The message is one line that says why and what to do.</summary>
internal sealed class NpmPackageException(string message) : Exception(message);
