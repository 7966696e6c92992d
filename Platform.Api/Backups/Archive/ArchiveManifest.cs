using System.Text.Json.Serialization;

namespace Platform.Api.Backups.Archive;

/// <summary>The last entry of an archive, <c>manifest.json</c>: what is in it.</summary>
/// <param name="Format">Of the archive; <see cref="CurrentFormat"/>.</param>
/// <param name="Name">Of the archive's file.</param>
/// <param name="Version">Of the Platform that made it.</param>
/// <param name="Schema">The number of the last migration of the database.</param>
/// <param name="CreatedAt">The time of the snapshot.</param>
/// <param name="Tables">In the order of the entries: whoever refers to rows comes after them.</param>
/// <param name="Sequences">The last values of the database's sequences, by name.</param>
/// <param name="Entries">All other entries, in their order.</param>
internal sealed record ArchiveManifest(
    int Format,
    string Name,
    string Version,
    int Schema,
    DateTime CreatedAt,
    IReadOnlyList<ArchiveTable> Tables,
    IReadOnlyDictionary<string, long> Sequences,
    IReadOnlyList<ArchiveEntry> Entries)
{
    public const int CurrentFormat = 1;

    public const string EntryName = "manifest.json";

    /// <summary>Where the rows of the tables are: <c>database/{table}/{part}.copy</c>, COPY's text format, which is to be joined.</summary>
    public const string DatabaseFolder = "database/";

    /// <summary>Where the objects are, by their keys.</summary>
    public const string ObjectsFolder = "objects/";

    public long RowsOf(string table) => Tables.FirstOrDefault(found => found.Name == table)?.Rows ?? 0;

    /// <summary>Objects and their bytes.</summary>
    public IEnumerable<ArchiveEntry> Objects => Entries.Where(entry => entry.Name.StartsWith(ObjectsFolder, StringComparison.Ordinal));
}

/// <summary>A table.</summary>
/// <param name="Columns">In the order in which COPY wrote them.</param>
internal sealed record ArchiveTable(string Name, IReadOnlyList<string> Columns, long Rows);

/// <summary>A file in the archive.</summary>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">In lower-case hex.</param>
internal sealed record ArchiveEntry(string Name, long Size, string Sha256);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ArchiveManifest))]
internal sealed partial class ArchiveJson : JsonSerializerContext;
