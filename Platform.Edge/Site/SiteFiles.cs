using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.Options;
using Platform.Edge.Runbooks;

namespace Platform.Edge.Site;

/// <summary>
/// The files of wwwroot, read once and kept in memory, compressed when first asked for so. A file below <c>assets/</c> is also served under
/// a name that holds a hash of its content, and every mention of it in another file becomes that name. A name that begins with an underscore
/// is not served: it is a part that pages include as <c>{{&gt; name}}</c>, or an error page. The runbooks are pages of the console, each
/// rendered when it is first asked for.
/// </summary>
internal sealed partial class SiteFiles
{
    private const string Immutable = "public, max-age=31536000, immutable";
    private const string Revalidate = "no-cache";

    private static readonly FrozenSet<string> TextExtensions = FrozenSet.Create(".html", ".css", ".js", ".svg", ".txt");

    private readonly string _root;
    private readonly Dictionary<string, Asset> _hashed = [];
    private readonly FrozenDictionary<string, Asset> _assets;
    private readonly FrozenDictionary<string, Lazy<Page>> _pages;
    private readonly Page _notFound;
    private readonly Page _error;

    /// <summary>Reads the site.</summary>
    /// <exception cref="FileNotFoundException">A file mentions an asset or a part that does not exist.</exception>
    public SiteFiles(IWebHostEnvironment environment, IOptions<SiteOptions> options)
    {
        _root = environment.WebRootPath;
        var assets = new Dictionary<string, Asset>();
        var pages = new Dictionary<string, Lazy<Page>>();
        foreach (var path in Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories).Select(UrlPath))
        {
            if (path.Split('/')[^1].StartsWith('_'))
            {
                continue;
            }

            if (path.EndsWith(".html", StringComparison.Ordinal))
            {
                var address = Address(path);
                pages.Add(address, new(ReadPage(path, address)));
                continue;
            }

            assets.Add(path, new Asset(path, Read(path), Revalidate));
            if (path.StartsWith("/assets/", StringComparison.Ordinal))
            {
                var hashed = Hashed(path);
                assets.Add(hashed.Path, hashed);
            }
        }

        AddRunbooks(pages, new DirectoryInfo(Path.Combine(environment.ContentRootPath, options.Value.Runbooks)));
        _assets = assets.ToFrozenDictionary();
        _pages = pages.ToFrozenDictionary();
        _notFound = ReadPage("/_404.html");
        _error = ReadPage("/_error.html");
        SignInPage = ReadPage("/_sign-in.html");
        SignOutPage = ReadPage("/_sign-out.html");
        SignedOutPage = ReadPage("/_signed-out.html");
    }

    /// <summary>The form for a name and a password.</summary>
    public Page SignInPage { get; }

    /// <summary>The page that asks whether to sign out.</summary>
    public Page SignOutPage { get; }

    /// <summary>What a person sees who has signed out.</summary>
    public Page SignedOutPage { get; }

    /// <summary>The page at <paramref name="path"/>, or null.</summary>
    public Page? Page(string path) => _pages.GetValueOrDefault(path)?.Value;

    /// <summary>The file at <paramref name="path"/>, or null.</summary>
    public Asset? Asset(string path) => _assets.GetValueOrDefault(path);

    /// <summary>The page for an error.</summary>
    public Page ErrorPage(int status) => status == StatusCodes.Status404NotFound ? _notFound : _error;

    /// <summary>Where a page is: <c>/</c> for <c>/index.html</c>, and in the folders below, names without their ending.</summary>
    private static string Address(string path) =>
        path.EndsWith("/index.html", StringComparison.Ordinal) ? path[..^"index.html".Length]
        : path.LastIndexOf('/') > 0 ? path[..^".html".Length]
        : path;

    private string UrlPath(string file) => "/" + Path.GetRelativePath(_root, file).Replace('\\', '/');

    private Page ReadPage(string path, string? address = null) => new(At(address, ReadHtml(path)));

    private string ReadHtml(string path) => Included().Replace(
        Encoding.UTF8.GetString(Read(path)), part => Encoding.UTF8.GetString(Read($"/_{part.Groups[1].Value}.html")));

    /// <summary>In the navigation that all pages share, the link to the page itself says so.</summary>
    private static string At(string? address, string html) =>
        html.Replace($"<li><a href=\"{address}\"", $"<li><a aria-current=\"page\" href=\"{address}\"", StringComparison.Ordinal);

    private void AddRunbooks(Dictionary<string, Lazy<Page>> pages, DirectoryInfo folder)
    {
        if (!folder.Exists)
        {
            return;
        }

        var files = folder.EnumerateFiles("*.md").ToDictionary(file => Path.GetFileNameWithoutExtension(file.Name));
        var names = files.Keys.ToHashSet();
        var frame = ReadHtml("/_runbook.html");
        foreach (var (name, file) in files)
        {
            var markdown = File.ReadAllText(file.FullName);
            var address = Runbook.Address(name);
            var page = new Lazy<Page>(() =>
            {
                var runbook = Runbook.Parse(markdown, names);
                return new(At(address, frame)
                    .Replace("<!-- title -->", runbook.Title, StringComparison.Ordinal)
                    .Replace("<!-- runbook -->", runbook.Html, StringComparison.Ordinal));
            });
            pages.Add(address, page);
            if (address == Runbook.Prefix)
            {
                pages.Add(address + "/", page);
            }
        }
    }

    private byte[] Read(string path)
    {
        var bytes = File.ReadAllBytes(Path.Combine(_root, path[1..]));
        return TextExtensions.Contains(Path.GetExtension(path))
            ? Encoding.UTF8.GetBytes(Mentioned().Replace(Encoding.UTF8.GetString(bytes), mention => Hashed(mention.Value).Path))
            : bytes;
    }

    private Asset Hashed(string path)
    {
        if (!_hashed.TryGetValue(path, out var asset))
        {
            var bytes = Read(path);
            var hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..12];
            var extension = Path.GetExtension(path);
            asset = new Asset($"{path[..^extension.Length]}.{hash}{extension}", bytes, Immutable);
            _hashed.Add(path, asset);
        }

        return asset;
    }

    [GeneratedRegex(@"\{\{> (\w+)\}\}")]
    private static partial Regex Included();

    [GeneratedRegex(@"/assets/[\w/-]+\.\w+")]
    private static partial Regex Mentioned();
}

/// <summary>A file of the site that is the same for everybody.</summary>
internal sealed class Asset
{
    private static readonly FileExtensionContentTypeProvider Types = new();

    private readonly byte[] _bytes;
    // As small as can be costs a second for the whole site, which a start need not wait for.
    private readonly Lazy<byte[]?> _brotli;
    private readonly Lazy<byte[]?> _gzip;
    private readonly string _tag;
    private readonly string _contentType;
    private readonly string _cacheControl;

    public Asset(string path, byte[] bytes, string cacheControl)
    {
        Path = path;
        _bytes = bytes;
        _cacheControl = cacheControl;
        _contentType = Types.TryGetContentType(path, out var type) ? type : "application/octet-stream";
        if (_contentType.StartsWith("text/", StringComparison.Ordinal))
        {
            _contentType += "; charset=utf-8";
        }

        _tag = Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
        _brotli = new(() => Smaller(output => new BrotliStream(output, CompressionLevel.SmallestSize)));
        _gzip = new(() => Smaller(output => new GZipStream(output, CompressionLevel.SmallestSize)));
    }

    /// <summary>The path it is served under.</summary>
    public string Path { get; }

    /// <summary>Answers a GET or HEAD, with 304 when the client has it.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var (bytes, encoding) = Choose(context.Request.Headers.AcceptEncoding.ToString());
        var response = context.Response;
        // Each encoding is a representation of its own and has its own tag (RFC 9110 section 8.8.3).
        var tag = encoding is null ? $"\"{_tag}\"" : $"\"{_tag}-{encoding}\"";
        response.Headers.ETag = tag;
        response.Headers.CacheControl = _cacheControl;
        response.Headers.Vary = "Accept-Encoding";
        if (context.Request.Headers.IfNoneMatch.ToString().Contains(tag, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = _contentType;
        response.ContentLength = bytes.Length;
        if (encoding is not null)
        {
            response.Headers.ContentEncoding = encoding;
        }

        await response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private (byte[] Bytes, string? Encoding) Choose(string accepted)
    {
        if (Accepts(accepted, "br") && _brotli.Value is { } brotli)
        {
            return (brotli, "br");
        }

        return Accepts(accepted, "gzip") && _gzip.Value is { } gzip ? (gzip, "gzip") : (_bytes, null);
    }

    private static bool Accepts(string accepted, string encoding)
    {
        foreach (var range in accepted.AsSpan().Split(','))
        {
            var item = accepted.AsSpan()[range].Trim();
            if (item.StartsWith(encoding, StringComparison.OrdinalIgnoreCase))
            {
                var rest = item[encoding.Length..].TrimStart();
                return rest.IsEmpty || (rest[0] == ';' && rest[1..].Trim() is not ("q=0" or "q=0.0" or "q=0.00" or "q=0.000"));
            }
        }

        return false;
    }

    private byte[]? Smaller(Func<Stream, Stream> compress)
    {
        using var output = new MemoryStream();
        using (var stream = compress(output))
        {
            stream.Write(_bytes);
        }

        // The compressor has closed the stream over the memory, which can still be copied.
        var smaller = output.ToArray();
        return smaller.Length < _bytes.Length ? smaller : null;
    }
}
