using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Platform.Tests.Images;

/// <summary>
/// A registry of one image, <c>base:1</c>, which stands for the one of ASP.NET Core: of the distribution API that part that pulls.
/// </summary>
internal sealed class BaseImageRegistry : IAsyncDisposable
{
    private const string ManifestType = "application/vnd.docker.distribution.manifest.v2+json";
    private const string ConfigurationType = "application/vnd.docker.container.image.v1+json";
    private const string LayerType = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    private readonly WebApplication _server;
    private readonly Dictionary<string, byte[]> _blobs = [];
    private readonly byte[] _manifest;

    private BaseImageRegistry(WebApplication server)
    {
        _server = server;
        var files = Files();
        var layer = Compress(files);
        LayerDigest = Add(layer);
        var configuration = Bytes(new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["config"] = new JsonObject
            {
                ["User"] = "0",
                ["Env"] = new JsonArray("PATH=/usr/local/bin:/usr/bin:/bin", "ASPNETCORE_HTTP_PORTS=8080", "APP_UID=1654"),
            },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(Digest(files)) },
            ["history"] = new JsonArray(new JsonObject { ["created_by"] = "a test" }),
        });
        _manifest = Bytes(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = new JsonObject { ["mediaType"] = ConfigurationType, ["size"] = configuration.Length, ["digest"] = Add(configuration) },
            ["layers"] = new JsonArray(new JsonObject { ["mediaType"] = LayerType, ["size"] = layer.Length, ["digest"] = LayerDigest }),
        });
    }

    /// <summary>The name of the image; the SDK talks plain HTTP to localhost.</summary>
    public string Image => $"localhost:{new Uri(_server.Urls.Single()).Port}/base:1";

    /// <summary>The image's only layer.</summary>
    public string LayerDigest { get; }

    public static async Task<BaseImageRegistry> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var registry = new BaseImageRegistry(app);
        string[] reads = [HttpMethods.Get, HttpMethods.Head];
        app.MapMethods("/v2/", reads, () => Results.Ok());
        app.MapMethods("/v2/base/manifests/{reference}", reads, (string reference) =>
            reference == "1" || reference == Digest(registry._manifest) ? Results.Bytes(registry._manifest, ManifestType) : Results.NotFound());
        app.MapMethods("/v2/base/blobs/{digest}", reads, (string digest) =>
            registry._blobs.TryGetValue(digest, out var blob) ? Results.Bytes(blob) : Results.NotFound());
        await app.StartAsync();
        return registry;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static byte[] Files()
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "etc/os-release") { DataStream = new MemoryStream("NAME=test\n"u8.ToArray()) });
        }

        return bytes.ToArray();
    }

    private static byte[] Compress(byte[] content)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return bytes.ToArray();
    }

    private static byte[] Bytes(JsonObject document) => Encoding.UTF8.GetBytes(document.ToJsonString());

    private static string Digest(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    private string Add(byte[] blob)
    {
        var digest = Digest(blob);
        _blobs[digest] = blob;
        return digest;
    }
}
