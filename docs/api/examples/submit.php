<?php
// A record from its first fault to its receipt: php submit.php ADDRESS TOKEN RECORD.json RECEIPT.json (PHP 8, no extension)
[, $address, $token, $recordFile, $receiptFile] = $argv;

// Tried again after a broken line, 429 and 503: safe, because the record carries its own id.
function call(string $path, ?array $body = null): array
{
    global $address, $token;
    $options = [
        'method' => $body === null ? 'GET' : 'POST',
        'header' => ["Authorization: Bearer $token", 'Content-Type: application/json'],
        'content' => $body === null ? '' : json_encode($body, JSON_THROW_ON_ERROR),
        'ignore_errors' => true,
        'timeout' => 60,
    ];
    for ($tried = 1;; $tried++) {
        $text = @file_get_contents("$address/v1$path", false, stream_context_create(['http' => $options]));
        $headers = $http_response_header ?? [];
        $status = $text === false ? 0 : (int) substr($headers[0], 9, 3);
        $told = $text === false ? null : json_decode($text, true);
        if (($told !== null && !in_array($status, [429, 502, 503, 504], true)) || $tried === 8) {
            return [$status, $told];
        }
        $after = preg_grep('/^Retry-After: *[0-9]+$/i', $headers);
        $after ? sleep((int) trim(substr(reset($after), 12))) : usleep(random_int(0, 1000 * min(20000, 200 << $tried)));
    }
}

$record = json_decode(file_get_contents($recordFile), true, 16, JSON_THROW_ON_ERROR);
$record = ['id' => 'EX-PHP-' . bin2hex(random_bytes(8)), 'egitimYer' => 7] + $record;
$next = call('/change?after=now')[1]['next'];

// 1. Hand over a record. 2. 422: the findings say where, what was seen, what is wanted. Mend, send again.
[$status, $answer] = call('/kayit', $record);
if ($status === 422) {
    foreach ($answer['findings'] as $finding) {
        echo "finding: {$finding['en']}\n";
    }
    [$status, $answer] = call('/kayit', ['egitimYer' => 1] + $record);
}
if ($status !== 201) {
    fwrite(STDERR, "$status {$answer['en']}\n");
    exit(1);
}

// 3. Follow it by the feed: the call waits until something moves. A program that runs for ever keeps $next.
for ($state = ''; $state !== 'accepted';) {
    $page = call("/change?after=$next&wait=20")[1];
    foreach ($page['changes'] as $change) {
        if ($change['kayit_no'] === $record['id']) {
            $state = $change['state'];
            echo "{$record['id']}: $state\n";
        }
    }
    $next = $page['next'];
}

// 4. The receipt.
file_put_contents($receiptFile, json_encode(call("/bildirim/{$answer['sorgu_no'][0]}/makbuz")[1]));
echo "receipt: $receiptFile\n";
