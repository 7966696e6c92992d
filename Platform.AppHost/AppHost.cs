// The architecture of Platform, top to bottom: what there is, and what depends on what. How a server is run is in its folder.

var builder = DistributedApplication.CreateBuilder(args);

var apiKey = builder.AddSecret("api-key")
    .WithDescription("The bootstrap API key: it has every scope. Give it to the first client, and create narrower keys for the others.");
var postgresPassword = builder.AddSecret("postgres-password")
    .WithDescription("The password of PostgreSQL's superuser `postgres`, fixed when the database is first created.");
var linkKey = builder.AddSecret("link-key")
    .WithDescription("The key that links to documents are signed with. Another one revokes all links.");

var postgres = builder.AddPostgresProcess("postgres", postgresPassword);
var database = postgres.AddDatabase("platformdb");

// An inbox in the browser, or the server that smtp-url names.
var mail = builder.AddMail("mail");

var api = builder.AddProject<Projects.Platform_Api>("api", launchProfileName: null)
    .WithHttpEndpoint(port: builder.Port("Platform:Api:Port", 0), isProxied: false)
    .WithManagementEndpoint()
    .WithReference(database).WaitFor(postgres)
    .WithEnvironment("Security__BootstrapKey", apiKey)
    .WithMail(mail)
    .WithEnvironment("Storage__Directory", Path.Combine(builder.DataDirectory(), "objects"))
    .WithEnvironment("Links__SigningKey", linkKey)
    .WithRestart();

builder.AddProject<Projects.Platform_Edge>("edge", launchProfileName: null)
    // Not behind a proxy: the edge must see who its clients are.
    .WithHttpEndpoint(port: builder.Port("Platform:Edge:Port", 8080), isProxied: false)
    .WithExternalHttpEndpoints()
    .WithManagementEndpoint()
    .WithReference(api).WaitFor(api)
    .WithUrlForEndpoint("http", url => url.DisplayText = "Site")
    .WithRestart();

builder.Build().Run();
