using System.Text.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Platform.Api.Security;

namespace Platform.Api.OpenApi;

internal static class OpenApiExtensions
{
    // What the edge calls the paths that only the operator may use.
    private const string Admin = "/admin/";
    private const string AdminAtEdge = "/admin/api/";

    /// <summary>The OpenAPI 3.1 document of the API, with the key that each operation needs.</summary>
    public static void AddApiDescription(this IHostApplicationBuilder builder)
    {
        // The document names the properties of JSON as these options do, and the serializers of the answers have the same policy.
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.Services.AddHttpContextAccessor().AddOpenApi("v1", Describe);
    }

    private static void Describe(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, context, _) =>
        {
            document.Info = new() { Title = "Platform API", Version = "v1" };
            // Wherever the document was fetched from: the address of this process is nobody else's business.
            document.Servers = [new() { Url = "/" }];
            document.AddComponent<IOpenApiSecurityScheme>(ApiKeyAuthentication.SchemeName, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = ApiKey.HeaderName,
            });
            var request = context.ApplicationServices.GetRequiredService<IHttpContextAccessor>().HttpContext?.Request;
            if (request?.Headers.ContainsKey("X-Forwarded-Host") == true)
            {
                NameAsEdgeDoes(document);
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<RequiredScope>().LastOrDefault() is { } required)
            {
                // OpenAPI 3.1 allows scopes of any scheme to be named.
                var scheme = new OpenApiSecuritySchemeReference(ApiKeyAuthentication.SchemeName, context.Document);
                operation.Security = [new() { [scheme] = [required.Scope] }];
            }
            return Task.CompletedTask;
        });
    }

    /// <summary>Describes parameters of the query string that are read by hand, so that every mistake names its parameter.</summary>
    public static RouteHandlerBuilder WithQueryParameters(this RouteHandlerBuilder endpoint, params string[] names) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters =
            [
                .. operation.Parameters?.Where(parameter => parameter.In != ParameterLocation.Query) ?? [],
                .. names.Select(name => new OpenApiParameter
                {
                    Name = name, In = ParameterLocation.Query, Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                }),
            ];
            return Task.CompletedTask;
        });

    /// <summary>The document at <c>/openapi/v1.json</c>, and at <c>/docs</c> Swagger UI with it, from files of its package.</summary>
    public static void MapApiDescription(this IEndpointRouteBuilder app)
    {
        app.MapOpenApi("/openapi/{documentName}.json").RequireScope(Scopes.Admin);
        app.MapGet("/docs/docs.js", () => Results.File(Resource("docs.js"), "text/javascript")).RequireScope(Scopes.Admin).ExcludeFromDescription();
        // With a page of our own, since the package's compiles functions from text, which a strict policy forbids.
        app.MapSwaggerUI("docs", page => page.IndexStream = () => Resource("docs.html")).RequireScope(Scopes.Admin);
    }

    private static Stream Resource(string name) => typeof(OpenApiExtensions).Assembly.GetManifestResourceStream(name)!;

    /// <summary>Whoever reads it through the edge is told the edge's paths.</summary>
    private static void NameAsEdgeDoes(OpenApiDocument document)
    {
        var paths = new OpenApiPaths();
        foreach (var (path, item) in document.Paths)
        {
            paths[path.StartsWith(Admin, StringComparison.Ordinal) ? AdminAtEdge + path[Admin.Length..] : path] = item;
        }

        document.Paths = paths;
    }
}
