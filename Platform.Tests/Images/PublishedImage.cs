using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Platform.Tests.Images;

/// <summary>An image in an archive, as <c>docker save</c> makes and <c>docker load</c> takes it.</summary>
internal sealed class PublishedImage
{
    private readonly Dictionary<string, byte[]> _files = [];

    public PublishedImage(string archive, string baseLayerDigest)
    {
        using var tar = new TarReader(File.OpenRead(archive));
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is { } content)
            {
                using var bytes = new MemoryStream();
                content.CopyTo(bytes);
                _files[entry.Name] = bytes.ToArray();
            }
        }

        var manifest = Json("manifest.json").AsArray().Single()!;
        Names = Texts(manifest["RepoTags"]!);
        Container = Json((string)manifest["Config"]!)["config"]!;
        var layers = Texts(manifest["Layers"]!);
        Assert.Equal(2, layers.Length);
        Assert.Contains(baseLayerDigest.Split(':')[1], layers[0], StringComparison.Ordinal);
        Layer = Entries(_files[layers[1]]);
    }

    /// <summary>With their tags.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>How a container is run: user, environment, entry point.</summary>
    public JsonNode Container { get; }

    /// <summary>What the image adds to its base.</summary>
    public IReadOnlyList<TarEntry> Layer { get; }

    public IReadOnlyList<string> Command => Texts(Container["Entrypoint"]!);

    public Dictionary<string, string> Environment =>
        Texts(Container["Env"]!).Select(variable => variable.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>Its labels.</summary>
    public Dictionary<string, string> About => Container["Labels"]!.AsObject().ToDictionary(label => label.Key, label => (string)label.Value!);

    /// <summary>Writes the layer below the folder, with its modes, owned by whoever runs this.</summary>
    public async Task UnpackAsync(string folder)
    {
        foreach (var entry in Layer)
        {
            var path = Path.Combine(folder, entry.Name);
            if (entry.EntryType == TarEntryType.Directory)
            {
                Directory.CreateDirectory(path, entry.Mode);
                continue;
            }

            entry.DataStream!.Position = 0;
            await entry.ExtractToFileAsync(path, overwrite: false);
        }
    }

    private static List<TarEntry> Entries(byte[] layer)
    {
        using var tar = new TarReader(new GZipStream(new MemoryStream(layer), CompressionMode.Decompress));
        List<TarEntry> entries = [];
        while (tar.GetNextEntry(copyData: true) is { } entry)
        {
            entries.Add(entry);
        }

        return entries;
    }

    private static string[] Texts(JsonNode list) => [.. list.AsArray().Select(item => (string)item!)];

    private JsonNode Json(string file) => JsonNode.Parse(_files[file])!;
}
