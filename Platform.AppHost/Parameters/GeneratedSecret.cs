using System.Security.Cryptography;
using System.Text.Json;
using Aspire.Hosting.Publishing;

namespace Platform.AppHost.Parameters;

/// <summary>
/// The value of a secret that was not given: 256 random bits, made once and kept in <c>secrets.json</c> (mode 0600) in the data folder.
/// </summary>
/// <remarks>
/// They lie beside the data that they protect, not in the user secrets of the machine: two clones have two databases and so two
/// passwords, and who deletes the data deletes its secrets with it. A value in user secrets, the environment or any other
/// configuration (<c>Parameters:{name}</c>) comes first.
/// </remarks>
internal sealed class GeneratedSecret(string name, string folder) : ParameterDefault
{
    private const string FileName = "secrets.json";
    private static readonly Lock OneAtATime = new();
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public override string GetDefaultValue()
    {
        // Parameters are read in parallel, and share the file.
        using var turn = OneAtATime.EnterScope();
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, FileName);
        var secrets = File.Exists(file)
            ? JsonSerializer.Deserialize<SortedDictionary<string, string>>(File.ReadAllText(file)) ?? []
            : [];
        if (secrets.TryGetValue(name, out var kept))
        {
            return kept;
        }

        var value = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        secrets[name] = value;
        var written = file + ".new";
        OwnerOnlyFile.Write(written, JsonSerializer.SerializeToUtf8Bytes(secrets, Indented));
        File.Move(written, file, overwrite: true);
        return value;
    }

    public override void WriteToManifest(ManifestPublishingContext context)
    {
        context.Writer.WriteStartObject("generate");
        context.Writer.WriteNumber("minLength", 64);
        context.Writer.WriteEndObject();
    }
}
