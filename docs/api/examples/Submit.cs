// A record from its first fault to its receipt (.NET 6 or newer, a console project with this one file):
//   dotnet run -- ADDRESS TOKEN RECORD.json RECEIPT.json
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

var client = new HttpClient { BaseAddress = new Uri(args[0]), Timeout = TimeSpan.FromSeconds(60) };
client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", args[1]);

var record = JsonNode.Parse(File.ReadAllText(args[2]))!.AsObject();
var id = $"EX-CS-{Guid.NewGuid()}";
record["id"] = id;
record["egitimYer"] = 7;
var next = (string)(await Call("/v1/change?after=now")).Body["next"]!;

// 1. Hand over a record. 2. 422: the findings say where, what was seen, what is wanted. Mend, send again.
var answer = await Call("/v1/kayit", record.ToJsonString());
if (answer.Status == 422)
{
    foreach (var finding in answer.Body["findings"]!.AsArray()) Console.WriteLine($"finding: {finding!["en"]}");
    record["egitimYer"] = 1;
    answer = await Call("/v1/kayit", record.ToJsonString());
}
if (answer.Status != 201) throw new InvalidOperationException($"{answer.Status} {answer.Body["en"]}");
var number = (long)answer.Body["sorgu_no"]![0]!;

// 3. Follow it by the feed: the call waits until something moves. A program that runs for ever keeps `next`.
for (var state = ""; state != "accepted";)
{
    var page = (await Call($"/v1/change?after={next}&wait=20")).Body;
    foreach (var change in page["changes"]!.AsArray().Where(each => (string)each!["kayit_no"]! == id))
    {
        state = (string)change!["state"]!;
        Console.WriteLine($"{id}: {state}");
    }
    next = (string)page["next"]!;
}

// 4. The receipt.
File.WriteAllText(args[3], (await Call($"/v1/bildirim/{number}/makbuz")).Body.ToJsonString());
Console.WriteLine($"receipt: {args[3]}");

// Tried again after a broken line, 429 and 503: safe, because the record carries its own id.
async Task<(int Status, JsonNode Body)> Call(string path, string? body = null)
{
    for (var tried = 1; ; tried++)
    {
        var wait = TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * Math.Min(20_000, 200 << tried));
        try
        {
            using var reply = body is null
                ? await client.GetAsync(path)
                : await client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
            var later = (int)reply.StatusCode == 429 || (int)reply.StatusCode is 502 or 503 or 504;
            if (!later || tried == 8) return ((int)reply.StatusCode, JsonNode.Parse(await reply.Content.ReadAsStringAsync())!);
            wait = reply.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1);
        }
        catch (Exception error) when (tried < 8 && error is HttpRequestException or TaskCanceledException)
        {
        }
        await Task.Delay(wait);
    }
}
