namespace Platform.Api.Backups;

/// <summary>A backup cannot be made, or an archive cannot be read or restored.</summary>
/// <param name="message">Why, for a person.</param>
internal class BackupException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>An archive is not what was written: it is damaged, was cut short, or is none.</summary>
internal sealed class DamagedArchiveException(string message, Exception? innerException = null) : BackupException(message, innerException);
