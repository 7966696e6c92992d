using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Platform.Tests.Api.Backups;

/// <summary>An archive that is not encrypted, as whoever wants to do harm may write it.</summary>
internal sealed class ArchiveFile
{
    public List<(TarEntryType Type, string Name, byte[] Content)> Entries { get; } = [];

    /// <summary>The last entry.</summary>
    public JsonNode Manifest { get; private set; } = new JsonObject();

    public static ArchiveFile Read(string path)
    {
        var archive = new ArchiveFile();
        using var file = File.OpenRead(path);
        using var compression = new GZipStream(file, CompressionMode.Decompress);
        using var tar = new TarReader(compression);
        while (tar.GetNextEntry(copyData: true) is { } entry)
        {
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            if (entry.Name == "manifest.json")
            {
                archive.Manifest = JsonNode.Parse(content.ToArray())!;
            }
            else
            {
                archive.Entries.Add((entry.EntryType, entry.Name, content.ToArray()));
            }
        }
        return archive;
    }

    /// <summary>Puts right what the manifest says of an entry, or adds it.</summary>
    public void Describe(string name, byte[] content)
    {
        var entries = Manifest["entries"]!.AsArray();
        var entry = entries.FirstOrDefault(entry => entry!["name"]!.GetValue<string>() == name);
        if (entry is null)
        {
            entries.Add(entry = new JsonObject { ["name"] = name });
        }
        entry["size"] = content.Length;
        entry["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content));
    }

    public byte[] ToArray()
    {
        using var file = new MemoryStream();
        using (var compression = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(compression, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (type, name, content) in Entries)
            {
                Write(tar, type, name, content);
            }
            Write(tar, TarEntryType.RegularFile, "manifest.json", System.Text.Encoding.UTF8.GetBytes(Manifest.ToJsonString()));
        }
        return file.ToArray();
    }

    private static void Write(TarWriter tar, TarEntryType type, string name, byte[] content)
    {
        var entry = new PaxTarEntry(type, name);
        if (type == TarEntryType.SymbolicLink)
        {
            entry.LinkName = "/etc/passwd";
        }
        else if (type == TarEntryType.RegularFile)
        {
            entry.DataStream = new MemoryStream(content);
        }
        tar.WriteEntry(entry);
    }
}
