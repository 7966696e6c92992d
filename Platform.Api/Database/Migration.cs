using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Platform.Api.Database;

/// <summary>One numbered SQL file of Database/Migrations, embedded as <c>Migrations/NNN_name.sql</c>.</summary>
/// <param name="Number">1, 2, 3 and so on without gaps.</param>
/// <param name="Checksum">SHA-256 of the text in lower-case hex; line endings do not count, for a checkout may change them.</param>
internal sealed record Migration(int Number, string Name, string Sql, string Checksum)
{
    private const string Prefix = "Migrations/";

    /// <summary>The embedded migrations in the order in which they are applied.</summary>
    public static IReadOnlyList<Migration> Embedded { get; } = Load();

    public static Migration Parse(string fileName, string sql)
    {
        var name = Path.GetFileNameWithoutExtension(fileName);
        var text = sql.ReplaceLineEndings("\n");
        var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        return new(int.Parse(name.AsSpan(0, 3), CultureInfo.InvariantCulture), name, text, checksum);
    }

    private static List<Migration> Load()
    {
        var assembly = typeof(Migration).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(resource =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                return Parse(resource[Prefix.Length..], reader.ReadToEnd());
            })];
    }
}
